import fc from "fast-check";
import { expect, test } from "vitest";
import { ImageName } from "./image.ts";
import { Account, PasswordHash, RegisterInput } from "./user.ts";

test.each(["li", "li.wei", "a-b_c.d", "42", "a".repeat(32)])("takes %s for an account", (account) => {
  expect(Account.safeParse(account).success).toBe(true);
});

test.each([
  "",
  "a",
  "a".repeat(33),
  "Li",
  "li wei",
  "li..wei",
  "li-_wei",
  ".li",
  "li-",
  "李伟",
  "li/wei",
  "li:wei",
  "li\n",
])("refuses %j for an account", (account) => {
  expect(Account.safeParse(account).success).toBe(false);
});

test.each(["public", "system", "library", "admin", "root", "berth"])("keeps the account %s to itself", (account) => {
  expect(Account.safeParse(account).error?.issues).toMatchObject([{ message: "This account name is reserved." }]);
});

test("says what is wrong with an account in words", () => {
  const messages = Account.safeParse("Li").error?.issues.map((issue) => issue.message);
  expect(messages).toContain("An account is lower case: it is also the name of the user's images.");
});

test("takes only accounts that can be the namespace of images", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9._-]{1,34}$/), (account) => {
      if (Account.safeParse(account).success) expect(ImageName.safeParse(`${account}/image:1`).success).toBe(true);
    }),
  );
});

test("wants a hash of a password, and stores no text without bounds", () => {
  expect(PasswordHash.safeParse("0".repeat(64)).success).toBe(true);
  for (const password of ["", "short", "x".repeat(257)]) expect(PasswordHash.safeParse(password).success).toBe(false);
  expect(RegisterInput.safeParse({ account: "li" }).success).toBe(false);
});
