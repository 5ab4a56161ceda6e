import { createHash } from "node:crypto";
import { type DomainError, invalidField } from "@berth/spec/error-code.ts";
import type { SshKey } from "@berth/spec/ssh-key.ts";

const MIN_RSA_BITS = 2_048;
const MAX_RSA_BITS = 16_384;
const MAX_COMMENT = 256;

/**
 * One line of an authorized_keys file: `type base64 comment`. Nothing else is taken, options least of all: they run
 * commands. BAD_REQUEST says what is wrong.
 */
export function parseSshKey(line: string): SshKey {
  const text = line.trim();
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text.replaceAll("\t", " "))) throw wrong("paste one line, with no line break in it.");
  const [type = "", body = "", ...words] = text.split(/[ \t]+/);
  const checkRest = FORMATS.get(type);
  if (!checkRest) throw wrong(`begin with the type of the key, one of ${[...FORMATS.keys()].join(", ")}.`);
  const blob = Buffer.from(body, "base64");
  if (body === "" || blob.toString("base64") !== body) throw wrong("its second word is not the base64 of a key.");
  const fields = new KeyFields(blob);
  if (fields.next().toString("latin1") !== type) throw wrong(`what is inside is not a key of type ${type}.`);
  checkRest(fields);
  if (!fields.isAtEnd) throw wrong("something follows the key.");
  const comment = words.join(" ");
  if (comment.length > MAX_COMMENT) throw wrong(`its comment is longer than ${MAX_COMMENT} characters.`);
  const digest = createHash("sha256").update(blob).digest();
  return {
    key_id: digest.toString("hex"),
    type,
    comment,
    fingerprint: `SHA256:${digest.toString("base64").replace(/=+$/, "")}`,
    public_key: [type, body, comment].join(" ").trim(),
  };
}

const wrong = (what: string): DomainError => invalidField("public_key", what);

/** The length-prefixed fields of a key (RFC 4253, section 6.6). */
class KeyFields {
  #rest: Buffer;

  constructor(blob: Buffer) {
    this.#rest = blob;
  }

  next(): Buffer {
    const length = this.#rest.length >= 4 ? this.#rest.readUInt32BE(0) : Number.POSITIVE_INFINITY;
    if (length > this.#rest.length - 4) throw wrong("the key is cut off.");
    const field = this.#rest.subarray(4, 4 + length);
    this.#rest = this.#rest.subarray(4 + length);
    return field;
  }

  get isAtEnd(): boolean {
    return this.#rest.length === 0;
  }
}

const checkEd25519 = (fields: KeyFields): void => {
  if (fields.next().length !== 32) throw wrong("an ed25519 key has 32 bytes.");
};

/** `bytes` is the length of a coordinate: an uncompressed point has two, behind a 4. */
const checkEcdsa =
  (curve: string, bytes: number) =>
  (fields: KeyFields): void => {
    if (fields.next().toString("latin1") !== curve) throw wrong(`the key is not on the curve ${curve}.`);
    const point = fields.next();
    if (point.length !== 1 + 2 * bytes || point[0] !== 4) throw wrong(`the key is no point of ${curve}.`);
  };

function checkRsa(fields: KeyFields): void {
  fields.next(); // the exponent
  const modulus = fields.next();
  const first = modulus.findIndex((byte) => byte !== 0);
  const bits = first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
  if (bits < MIN_RSA_BITS) throw wrong(`an RSA key of ${bits} bits is too weak: make one of ed25519.`);
  if (bits > MAX_RSA_BITS) throw wrong(`an RSA key has at most ${MAX_RSA_BITS} bits.`);
}

/** A security key's names the application that it is good for. */
const withApplication =
  (check: (fields: KeyFields) => void) =>
  (fields: KeyFields): void => {
    check(fields);
    fields.next();
  };

const FORMATS = new Map<string, (fields: KeyFields) => void>([
  ["ssh-ed25519", checkEd25519],
  ["ecdsa-sha2-nistp256", checkEcdsa("nistp256", 32)],
  ["ecdsa-sha2-nistp384", checkEcdsa("nistp384", 48)],
  ["ecdsa-sha2-nistp521", checkEcdsa("nistp521", 66)],
  ["ssh-rsa", checkRsa],
  ["sk-ssh-ed25519@openssh.com", withApplication(checkEd25519)],
  ["sk-ecdsa-sha2-nistp256@openssh.com", withApplication(checkEcdsa("nistp256", 32))],
]);
