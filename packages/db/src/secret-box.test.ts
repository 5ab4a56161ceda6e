import { expect, test } from "vitest";
import { createSecretBox } from "./secret-box.ts";

const box = createSecretBox("a secret of the installation");

test("opens what it sealed", () => {
  expect(box.open(box.seal("clé 钥匙", "machines.tls"), "machines.tls")).toBe("clé 钥匙");
});

test("seals the same text differently each time", () => {
  expect(box.seal("x", "p")).not.toEqual(box.seal("x", "p"));
});

test("does not open for another purpose, with another key, or after a changed byte", () => {
  const sealed = box.seal("text", "machines.tls");
  expect(() => box.open(sealed, "users.token")).toThrow();
  expect(() => createSecretBox("another").open(sealed, "machines.tls")).toThrow();
  const changed = sealed.slice();
  changed[changed.length - 1]! ^= 1;
  expect(() => box.open(changed, "machines.tls")).toThrow();
});
