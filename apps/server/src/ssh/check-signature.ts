import { createHash, createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import ssh2, { type PublicKeyAuthContext } from "ssh2";

/** A security key's signature ends in flags and a counter; the first flag says that somebody touched it. */
const SK_TAIL_BYTES = 5;
const TOUCHED = 1;

/**
 * Whether what came with the attempt was signed with its key. ssh2 checks plain keys; those of security keys sign a
 * message of their own (OpenSSH's PROTOCOL.u2f). Certificates and DSA are none that a profile takes.
 */
export function isSignatureGood({ key, blob, signature, hashAlgo }: PublicKeyAuthContext): boolean {
  if (!blob || !signature) return false;
  if (key.algo.startsWith("sk-")) return isSecurityKeySignature(key.algo, key.data, blob, signature);
  // RSA with SHA-1 is broken, and every client since OpenSSH 7.2 has SHA-2.
  if (key.algo === "ssh-rsa" && hashAlgo === undefined) return false;
  const parsed = ssh2.utils.parseKey(key.data);
  if (parsed instanceof Error) return false;
  // Its types keep quiet about the Error that it may return.
  const verdict: unknown = parsed.verify(blob, signature, hashAlgo);
  return verdict === true;
}

function isSecurityKeySignature(algo: string, key: Buffer, blob: Buffer, signature: Buffer): boolean {
  if (signature.length <= SK_TAIL_BYTES) return false;
  const tail = signature.subarray(-SK_TAIL_BYTES);
  if (((tail[0] ?? 0) & TOUCHED) === 0) return false;
  const parts = fieldsOf(key);
  const raw = signature.subarray(0, -SK_TAIL_BYTES);
  const messageOf = (application: Buffer): Buffer => Buffer.concat([sha256(application), tail, sha256(blob)]);
  if (algo === "sk-ssh-ed25519@openssh.com") {
    const [, point, application] = parts;
    if (!point || !application) return false;
    return verify(null, messageOf(application), jwk({ kty: "OKP", crv: "Ed25519", x: base64url(point) }), raw);
  }
  if (algo !== "sk-ecdsa-sha2-nistp256@openssh.com") return false;
  const [, , point, application] = parts;
  const [r, s] = fieldsOf(raw);
  if (!point || !application || !r || !s) return false;
  const [x, y] = [base64url(point.subarray(1, 33)), base64url(point.subarray(33))];
  const public_key = jwk({ kty: "EC", crv: "P-256", x, y });
  const pair = Buffer.concat([fixed(r), fixed(s)]);
  return verify("sha256", messageOf(application), { key: public_key, dsaEncoding: "ieee-p1363" }, pair);
}

function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at);
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

const sha256 = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
const base64url = (bytes: Buffer): string => bytes.toString("base64url");
const jwk = (key: JsonWebKey): KeyObject => createPublicKey({ key, format: "jwk" });

/** A number of ssh, which has no leading zeros but a sign, in 32 bytes. */
function fixed(number: Buffer): Buffer {
  const digits = number.subarray(-32);
  return Buffer.concat([Buffer.alloc(32 - digits.length), digits]);
}
