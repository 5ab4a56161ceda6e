/** For a desktop or a lab's main server, which does other things too. */
const BERTH_SETTINGS: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  shared_buffers: "128MB",
  max_connections: "100",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // Without DETAIL and STATEMENT: these hold the rows' values.
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
};

/** Arguments for `postgres`. On the command line they outrank whatever postgresql.conf says. */
export function serverArguments(cluster: string, port: number, overrides: Record<string, string> = {}): string[] {
  const settings = { ...BERTH_SETTINGS, ...overrides, port: String(port) };
  return ["-D", cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
