import type { Algorithms } from "ssh2";

/**
 * What the OpenSSH of every supported system speaks, and nothing weaker. Compression is left out: it costs more than a
 * lab's network does.
 */
export const ALGORITHMS: Algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
  serverHostKey: ["ssh-ed25519"],
  // Clients choose, and most would take what is slow in JavaScript: chacha20 was seen to halve the speed of an scp.
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};
