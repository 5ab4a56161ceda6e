import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { loadSealedSetting } from "@berth/db/sealed-setting.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";

/** By which people know the ssh gateway: ed25519, one of an installation, the same on every server. */
export interface SshHostKey {
  /** 32 bytes. */
  seed: Buffer;
  /** 32 bytes. */
  public_key: Buffer;
  /** As `ssh-keygen -l` prints it: "SHA256:…". */
  fingerprint: string;
}

/** Makes it where nobody has yet. */
export async function loadSshHostKey(sql: Sql, box: SecretBox): Promise<SshHostKey> {
  const pem = await loadSealedSetting(sql, box, "ssh_host_key", async () => {
    return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  });
  const key = createPrivateKey(pem);
  const { d = "" } = key.export({ format: "jwk" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  const [seed, public_key] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  const digest = createHash("sha256").update(sshPublicKey(public_key)).digest("base64");
  return { seed, public_key, fingerprint: `SHA256:${digest.replace(/=+$/, "")}` };
}

/** As it goes over the wire, and into known_hosts (RFC 8709). */
export const sshPublicKey = (publicKey: Buffer): Buffer => Buffer.concat([field("ssh-ed25519"), field(publicKey)]);

/** A length-prefixed string of ssh. */
export function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
