import { field, type SshHostKey, sshPublicKey } from "@berth/api/ssh/host-key.ts";

const CIPHER_BLOCK = 8;

/** A private key as `ssh-keygen` writes it, without a passphrase: the one form in which ssh2 takes ed25519. */
export function opensshPrivateKey({ seed, public_key }: Pick<SshHostKey, "seed" | "public_key">): string {
  const none = field("none");
  const check = Buffer.alloc(8); // twice the same number, by which a wrong passphrase would show
  const secret = Buffer.concat([check, sshPublicKey(public_key), field(Buffer.concat([seed, public_key])), field("")]);
  const padding = Buffer.from(
    Array.from({ length: (CIPHER_BLOCK - (secret.length % CIPHER_BLOCK)) % CIPHER_BLOCK }, (_, at) => at + 1),
  );
  const one = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    none,
    none,
    field(""),
    one,
    field(sshPublicKey(public_key)),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
