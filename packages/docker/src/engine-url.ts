import type { EngineAddress } from "./engine.ts";

/** A machine's URL, or what goes with it, is not usable; the message says what to do. It never repeats a password. */
export class EngineUrlError extends Error {
  override readonly name = "EngineUrlError";
}

export interface EngineUrlOptions {
  /** PEM: the authority that signed the engine's certificate, and the client's own certificate and key. */
  tls?: { ca: string; cert: string; key: string } | null;
  /** Plain TCP gives root on the machine to whoever reaches the port, so it must be allowed by name. */
  allow_insecure?: boolean;
}

const TLS_PORT = 2376;
const PLAIN_PORT = 2375;
const EXAMPLES = "unix:///var/run/docker.sock or tcp://10.0.0.5:2376";

/**
 * Reads `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `https://…` or `http://…`. `tcp` is TLS where certificates
 * are given and plain where they are not; the port defaults to Docker's own. Throws {@link EngineUrlError}.
 */
export function parseEngineUrl(url: string, options: EngineUrlOptions = {}): EngineAddress {
  const parsed = parseUrl(url);
  switch (parsed.protocol) {
    case "unix:":
      return unixAddress(parsed);
    case "tcp:":
      return options.tls ? tlsAddress(parsed, options) : plainAddress(parsed, options);
    case "https:":
      return tlsAddress(parsed, options);
    case "http:":
      if (options.tls)
        throw new EngineUrlError("An http:// URL uses no certificates: write https:// or leave them out.");
      return plainAddress(parsed, options);
    case "ssh:":
      throw new EngineUrlError("ssh:// is not supported: let Docker listen on TCP with TLS and use tcp://HOST:2376.");
    default:
      throw new EngineUrlError(`The scheme ${parsed.protocol}// is not one of a Docker engine: write ${EXAMPLES}.`);
  }
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url.trim()) ? new URL(url.trim()) : null;
  // "10.0.0.5:2376" has no scheme, and "host:2376" one that nobody meant.
  if (!parsed || !url.includes("://"))
    throw new EngineUrlError(`This is not the URL of a Docker engine: write ${EXAMPLES}.`);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new EngineUrlError("A Docker engine takes no user name or password in its URL: remove them.");
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    throw new EngineUrlError("A Docker engine's URL ends after its port: remove what follows.");
  }
  return parsed;
}

function unixAddress(url: URL): EngineAddress {
  if (url.host !== "") throw new EngineUrlError("A socket's URL has three slashes: write unix:///var/run/docker.sock.");
  if (url.pathname.length < 2)
    throw new EngineUrlError("The socket's path is missing: write unix:///var/run/docker.sock.");
  return { kind: "unix", path: decodeURIComponent(url.pathname) };
}

function tlsAddress(url: URL, { tls }: EngineUrlOptions): EngineAddress {
  if (!tls) {
    throw new EngineUrlError(
      "An https:// URL needs three PEM files: the authority (ca.pem), and the client's certificate and key (cert.pem, key.pem).",
    );
  }
  requirePem(tls.ca, "CERTIFICATE", "The authority (ca.pem)");
  requirePem(tls.cert, "CERTIFICATE", "The client certificate (cert.pem)");
  requirePem(tls.key, "PRIVATE KEY", "The client key (key.pem)");
  if (tls.key.includes("ENCRYPTED")) {
    throw new EngineUrlError("The client key (key.pem) is encrypted: decrypt it with `openssl pkey -in key.pem`.");
  }
  return { kind: "tls", ...hostAndPort(url, TLS_PORT), tls };
}

function plainAddress(url: URL, { allow_insecure: isAllowed }: EngineUrlOptions): EngineAddress {
  if (!isAllowed) {
    throw new EngineUrlError(
      "Without certificates, whoever reaches this port is root on the machine: give ca, cert and key, or allow insecure access.",
    );
  }
  return { kind: "plain", ...hostAndPort(url, PLAIN_PORT) };
}

function hostAndPort(url: URL, dockerPort: number): { host: string; port: number } {
  if (url.hostname === "") throw new EngineUrlError(`The host is missing: write ${EXAMPLES}.`);
  if (url.pathname !== "" && url.pathname !== "/") {
    throw new EngineUrlError("A Docker engine's URL ends after its port: remove what follows.");
  }
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: portOf(url, dockerPort) };
}

/** `new URL` drops a port that is its scheme's own, so a bare https:// URL and one with :443 look alike: Docker's is meant. */
function portOf(url: URL, dockerPort: number): number {
  return url.port === "" ? dockerPort : Number(url.port);
}

function requirePem(pem: string, kind: string, what: string): void {
  if (!new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(pem)) {
    throw new EngineUrlError(`${what} is not in PEM form: it must hold a line "-----BEGIN ${kind}-----".`);
  }
}
