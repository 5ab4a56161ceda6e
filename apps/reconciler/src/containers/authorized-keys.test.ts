import fc from "fast-check";
import { expect, test } from "vitest";
import { homeOfRoot, withKeys } from "./authorized-keys.ts";

const OWN = "ssh-ed25519 AAAA mine\n";

test("puts the keys behind what is there, and takes them away again without a trace", () => {
  const file = withKeys(OWN, ["ssh-ed25519 BBBB li"]);
  expect(file).toMatch(/^ssh-ed25519 AAAA mine\n# BEGIN BERTH[^\n]*\nssh-ed25519 BBBB li\n# END BERTH\n$/);
  expect(withKeys(file, [])).toBe(OWN);
});

test("changes the block where it stands", () => {
  const file = `${withKeys("", ["old"])}${OWN}`;
  const changed = withKeys(file, ["new", "newer"]);
  expect(changed).not.toContain("old");
  expect(changed.endsWith(`new\nnewer\n# END BERTH\n${OWN}`)).toBe(true);
});

test("does the same to the same file, whatever else is in it", () => {
  const line = fc.stringMatching(/^[ -~]{0,20}$/).filter((text) => !text.startsWith("# BEGIN BERTH"));
  const keys = fc.array(fc.stringMatching(/^ssh-[a-z]{1,5}$/), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(line), fc.array(line), keys, keys, (before, behind, old, fresh) => {
      const own = (lines: string[]): string => lines.map((text) => `${text}\n`).join("");
      const file = withKeys(own(before), old) + own(behind);
      const changed = withKeys(file, fresh);
      expect(withKeys(changed, fresh)).toBe(changed);
      for (const key of fresh) expect(changed.split("\n")).toContain(key);
    }),
  );
});

test("loses no line where somebody took the end of the block away", () => {
  const file = withKeys("", ["old"]).replace("# END BERTH\n", "") + OWN;
  expect(withKeys(file, ["new"])).toContain(OWN);
});

test.each([
  ["root:x:0:0:root:/home/admin/:/bin/sh\n", "/home/admin"],
  ["daemon:x:1:1::/:/bin/false\nroot:x:0:0:root:/root:/bin/bash\n", "/root"],
  ["", "/root"],
  ["root:x:0:0::relative:/bin/sh", "/root"],
])("finds root's home in %j", (passwd, home) => expect(homeOfRoot(passwd)).toBe(home));
