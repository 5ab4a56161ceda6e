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
  /** Berth's own key for servers that are reached over ssh, and what is known of this one. */
  ssh?: { private_key: string; host_key: string | null; onHostKey?: (fingerprint: string) => void } | null;
}

const TLS_PORT = 2376;
const PLAIN_PORT = 2375;
const SSH_PORT = 22;
const SOCKET = "/var/run/docker.sock";
const EXAMPLES = "unix:///var/run/docker.sock, tcp://10.0.0.5:2376 or ssh://root@10.0.0.5";

/**
 * Reads `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `https://…`, `http://…` or `ssh://user@host`. `tcp` is TLS where certificates
 * are given and plain where they are not; the port defaults to Docker's own. Throws {@link EngineUrlError}.
 */
export function parseEngineUrl(text: string, options: EngineUrlOptions = {}): EngineAddress {
  const url = text.trim();
  // "10.0.0.5:2376" has no scheme, and "gpu-1:2376" one that nobody meant: the slashes decide.
  const scheme = /^([a-z]+):\/\//i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      throw new EngineUrlError(`This is not the URL of a Docker engine: write ${EXAMPLES}.`);
    case "unix":
      return unixAddress(url);
    case "tcp":
      return options.tls ? tlsAddress(url, options) : plainAddress(url, options);
    case "https":
      return tlsAddress(url, options);
    case "http":
      if (options.tls)
        throw new EngineUrlError("An http:// URL uses no certificates: write https:// or leave them out.");
      return plainAddress(url, options);
    case "ssh":
      return sshAddress(url, options);
    default:
      throw new EngineUrlError(`The scheme ${scheme}:// is not one of a Docker engine: write ${EXAMPLES}.`);
  }
}

/** As Docker's own client reads it: what follows the two slashes is the path, character by character. */
function unixAddress(url: string): EngineAddress {
  const path = url.slice("unix://".length);
  if (path.startsWith("/") && path.length > 1) return { kind: "unix", path };
  throw new EngineUrlError("A socket's URL has three slashes and a path: write unix:///var/run/docker.sock.");
}

function tlsAddress(url: string, { tls }: EngineUrlOptions): EngineAddress {
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

function plainAddress(url: string, { allow_insecure: isAllowed }: EngineUrlOptions): EngineAddress {
  if (!isAllowed) {
    throw new EngineUrlError(
      "Without certificates, whoever reaches this port is root on the machine: give ca, cert and key, or allow insecure access.",
    );
  }
  return { kind: "plain", ...hostAndPort(url, PLAIN_PORT) };
}

function sshAddress(url: string, { ssh, tls }: EngineUrlOptions): EngineAddress {
  if (tls) throw new EngineUrlError("An ssh:// URL uses no certificates: leave them out.");
  const [, user] = /^ssh:\/\/([a-z_][a-z0-9_.-]{0,31})@/i.exec(url) ?? [];
  if (user === undefined) throw new EngineUrlError("Say as whom Berth signs in there: ssh://root@10.0.0.5.");
  if (!ssh) throw new EngineUrlError("An engine over ssh is not possible here: use a socket, or TCP with TLS.");
  const place = hostAndPort(url.replace(`${user}@`, ""), SSH_PORT);
  return { kind: "ssh", ...place, user, socket_path: SOCKET, ...ssh };
}

function hostAndPort(url: string, dockerPort: number): { host: string; port: number } {
  // Read as a scheme that `URL` does not know: of those that it knows it drops the usual port.
  const neutral = url.replace(/^[a-z]+:/i, "tcp:");
  if (!URL.canParse(neutral)) throw new EngineUrlError(`This is not the URL of a Docker engine: write ${EXAMPLES}.`);
  const { username, password, hostname, port, pathname, search, hash } = new URL(neutral);
  if (username !== "" || password !== "") {
    throw new EngineUrlError("A Docker engine takes no user name or password in its URL: remove them.");
  }
  if (hostname === "") throw new EngineUrlError(`The host is missing: write ${EXAMPLES}.`);
  if ((pathname !== "" && pathname !== "/") || search !== "" || hash !== "") {
    throw new EngineUrlError("A Docker engine's URL ends after its port: remove what follows.");
  }
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? dockerPort : Number(port) };
}

function requirePem(pem: string, kind: string, what: string): void {
  if (!new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(pem)) {
    throw new EngineUrlError(`${what} is not in PEM form: it must hold a line "-----BEGIN ${kind}-----".`);
  }
}
