import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { field, sshPublicKey } from "@berth/api/ssh/host-key.ts";
import { expect, test } from "vitest";
import type { PublicKeyAuthContext } from "ssh2";
import { isSignatureGood } from "./check-signature.ts";

const BLOB = randomBytes(200);
const sha256 = (bytes: Buffer | string): Buffer => createHash("sha256").update(bytes).digest();

type Attempt = Pick<PublicKeyAuthContext, "key" | "blob" | "signature" | "hashAlgo">;
const isGood = (attempt: Attempt): boolean => isSignatureGood(attempt as PublicKeyAuthContext);

const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");

/** As a security key answers: its own message, with flags and a counter. */
function skAttempt(kind: "ed25519" | "ecdsa", flags = 1): Attempt {
  const tail = Buffer.from([flags, 0, 0, 0, 9]);
  const message = Buffer.concat([sha256("ssh:"), tail, sha256(BLOB)]);
  if (kind === "ed25519") {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const algo = "sk-ssh-ed25519@openssh.com";
    const data = Buffer.concat([field(algo), field(rawOf(publicKey)), field("ssh:")]);
    const signature = Buffer.concat([sign(null, message, privateKey), tail]);
    return { key: { algo, data }, blob: BLOB, signature };
  }
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const algo = "sk-ecdsa-sha2-nistp256@openssh.com";
  const data = Buffer.concat([field(algo), field("nistp256"), field(point), field("ssh:")]);
  const pair = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const signature = Buffer.concat([field(positive(pair.subarray(0, 32))), field(positive(pair.subarray(32))), tail]);
  return { key: { algo, data }, blob: BLOB, signature };
}

/** A number as ssh writes it: no zeros before it, but for one that keeps it from being negative. */
function positive(digits: Buffer): Buffer {
  const first = digits.findIndex((byte) => byte !== 0);
  const rest = digits.subarray(Math.max(0, first));
  return (rest[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), rest]) : rest;
}

test.each(["ed25519", "ecdsa"] as const)("a security key of %s is believed when somebody touched it", (kind) => {
  for (let round = 0; round < 20; round += 1) expect(isGood(skAttempt(kind))).toBe(true);
  expect(isGood(skAttempt(kind, 0))).toBe(false);
  const attempt = skAttempt(kind);
  expect(isGood({ ...attempt, blob: randomBytes(200) })).toBe(false);
  expect(isGood({ ...attempt, signature: skAttempt(kind).signature! })).toBe(false);
  expect(isGood({ ...attempt, signature: Buffer.alloc(3) })).toBe(false);
});

test("a plain key is believed for what it signed, and for nothing else", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = { algo: "ssh-ed25519", data: sshPublicKey(rawOf(publicKey)) };
  const attempt: Attempt = { key, blob: BLOB, signature: sign(null, BLOB, privateKey) };
  expect(isGood(attempt)).toBe(true);
  expect(isGood({ ...attempt, blob: randomBytes(200) })).toBe(false);
  expect(isGood({ key, blob: BLOB })).toBe(false);
  expect(isGood({ ...attempt, key: { ...key, data: sshPublicKey(randomBytes(32)) } })).toBe(false);
});

test("RSA with SHA-1 is not believed, RSA with SHA-2 is", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const [modulus, exponent] = [Buffer.from(n, "base64url"), Buffer.from(e, "base64url")];
  const data = Buffer.concat([field("ssh-rsa"), field(exponent), field(positive(modulus))]);
  const key = { algo: "ssh-rsa", data };
  expect(isGood({ key, blob: BLOB, signature: sign("sha1", BLOB, privateKey) })).toBe(false);
  expect(isGood({ key, blob: BLOB, signature: sign("sha256", BLOB, privateKey), hashAlgo: "sha256" })).toBe(true);
});
