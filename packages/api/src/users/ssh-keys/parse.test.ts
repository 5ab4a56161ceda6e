import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect, test } from "vitest";
import { parseSshKey } from "./parse.ts";

const field = (content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content as string, "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
/** A line with these fields, the first of which names the type again. */
const line = (type: string, ...fields: (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([field(type), ...fields.map(field)]).toString("base64")}`;

const base64url = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
/** As ssh writes a positive number. */
const mpint = (bytes: Buffer): Buffer => ((bytes[0] ?? 0) < 128 ? bytes : Buffer.concat([Buffer.of(0), bytes]));

function rsa(bits: number): string {
  const { n, e } = generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({ format: "jwk" });
  return line("ssh-rsa", mpint(base64url(e)), mpint(base64url(n)));
}
function ecdsa(curve: "256" | "384" | "521"): Buffer[] {
  const key: KeyObject = generateKeyPairSync("ec", { namedCurve: `P-${curve}` }).publicKey;
  const { x, y } = key.export({ format: "jwk" });
  return [Buffer.from(`nistp${curve}`), Buffer.concat([Buffer.of(4), base64url(x), base64url(y)])];
}
const ED25519 = line("ssh-ed25519", Buffer.alloc(32, 7));

test.each([
  ["ssh-ed25519", ED25519],
  ["ecdsa-sha2-nistp256", line("ecdsa-sha2-nistp256", ...ecdsa("256"))],
  ["ecdsa-sha2-nistp384", line("ecdsa-sha2-nistp384", ...ecdsa("384"))],
  ["ecdsa-sha2-nistp521", line("ecdsa-sha2-nistp521", ...ecdsa("521"))],
  ["ssh-rsa", rsa(2_048)],
  ["ssh-rsa", rsa(3_072)],
  ["sk-ssh-ed25519@openssh.com", line("sk-ssh-ed25519@openssh.com", Buffer.alloc(32, 7), "ssh:")],
  ["sk-ecdsa-sha2-nistp256@openssh.com", line("sk-ecdsa-sha2-nistp256@openssh.com", ...ecdsa("256"), "ssh:")],
])("takes a key of type %s", (type, text) => {
  expect(parseSshKey(text)).toMatchObject({ type, comment: "", public_key: text });
});

test("tells a key by its hash, as ssh-keygen does, whatever its comment", () => {
  const key = parseSshKey(`  ${ED25519}\t li's   laptop 笔记本 \n`);
  const digest = createHash("sha256").update(Buffer.from(ED25519.split(" ")[1] ?? "", "base64"));
  expect(key).toEqual({
    key_id: digest.copy().digest("hex"),
    type: "ssh-ed25519",
    comment: "li's laptop 笔记本",
    fingerprint: `SHA256:${digest.digest("base64").slice(0, 43)}`,
    public_key: `${ED25519} li's laptop 笔记本`,
  });
  expect(parseSshKey(ED25519).key_id).toBe(key.key_id);
  expect(parseSshKey(key.public_key)).toEqual(key);
});

test("tells the fingerprint that ssh-keygen -l tells", () => {
  const body = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
  expect(parseSshKey(`ssh-ed25519 ${body}`).fingerprint).toBe("SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA");
});

const body = ED25519.split(" ")[1] ?? "";
test.each([
  ["an option before it", `command="rm -rf /" ${ED25519}`, "begin with the type"],
  ["two keys", `${ED25519}\n${ED25519}`, "one line"],
  ["a line break in the comment", `${ED25519} a\rcommand="x"`, "one line"],
  ["another type than it has inside", `ssh-rsa ${body}`, "not a key of type ssh-rsa"],
  ["a type of old", line("ssh-dss", Buffer.alloc(64)), "begin with the type"],
  ["a certificate", line("ssh-ed25519-cert-v01@openssh.com", "x"), "begin with the type"],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", "begin with the type"],
  ["the name of what every object has", `constructor ${body}`, "begin with the type"],
  ["no key behind the type", "ssh-ed25519", "base64"],
  ["base64 that is none", `ssh-ed25519 ${body.slice(0, -1)}!`, "base64"],
  ["a key that is cut off", `ssh-ed25519 ${body.slice(0, -8)}`, "cut off"],
  ["a key with more behind it", line("ssh-ed25519", Buffer.alloc(32), "more"), "follows"],
  ["an ed25519 key of 31 bytes", line("ssh-ed25519", Buffer.alloc(31)), "32 bytes"],
  ["a weak RSA key", rsa(1_024), "1024 bits"],
  ["an RSA key without a number", line("ssh-rsa", "", ""), "0 bits"],
  ["a key of another curve", line("ecdsa-sha2-nistp256", ...ecdsa("384")), "not on the curve"],
  ["a point that is compressed", line("ecdsa-sha2-nistp256", "nistp256", Buffer.alloc(33, 2)), "no point"],
  ["a comment without end", `${ED25519} ${"x".repeat(257)}`, "comment"],
])("refuses %s", (_what, text, why) => {
  expect(() => parseSshKey(text)).toThrow(
    expect.objectContaining({ code: "BAD_REQUEST", message: expect.stringContaining(why) }),
  );
});
