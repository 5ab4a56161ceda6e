/** Whether only the host itself is reached by this name or address; an IPv6 address stands without its brackets. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
