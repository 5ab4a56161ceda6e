/** Where users reach a machine's ports: the host of its engine's address, or null for one that has none (unix). */
export function hostOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { hostname } = new URL(url);
  return hostname === "" ? null : hostname.replace(/^\[(.*)\]$/, "$1");
}
