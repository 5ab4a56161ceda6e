import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

/** Encrypts what must not be readable in a database dump. */
export interface SecretBox {
  /** `purpose` binds the text to its place: what was sealed for one column does not open in another. */
  seal(text: string, purpose: string): Uint8Array<ArrayBuffer>;
  /** Throws where the key, the purpose or a byte is another. */
  open(sealed: Uint8Array, purpose: string): string;
  /** A key of its own for another use of the secret, such as signing tokens. */
  deriveKey(use: string): Uint8Array;
}

const FORMAT = 1;
const NONCE = 12;
const TAG = 16;

/** AES-256-GCM; `secret` is BERTH_SECRET_KEY, the same on every host. */
export function createSecretBox(secret: string): SecretBox {
  const root = createHash("sha256").update(secret, "utf8").digest();
  const deriveKey = (use: string): Uint8Array => new Uint8Array(hkdfSync("sha256", root, "berth", use, 32));
  const sealingKey = deriveKey("seal");
  return {
    deriveKey,
    seal(text, purpose) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv("aes-256-gcm", sealingKey, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return new Uint8Array(Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body]));
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== FORMAT) throw new Error("sealed by an unknown format");
      const decipher = createDecipheriv("aes-256-gcm", sealingKey, bytes.subarray(1, 1 + NONCE))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(1 + NONCE, 1 + NONCE + TAG));
      return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE + TAG)), decipher.final()]).toString("utf8");
    },
  };
}
