import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { makeSshKey } from "./ssh-tunnel.ts";

test("every key that is made can be used", () => {
  // Without a second look, one in 230 could not: 2,000 times leaves one chance in 6,000 not to see it.
  const unusable = Array.from({ length: 2_000 }, () => makeSshKey("berth")).filter(({ private_key, public_key }) => {
    const [own, line] = [ssh2.utils.parseKey(private_key), ssh2.utils.parseKey(public_key)];
    const length = Buffer.from(public_key.split(" ")[1] ?? "", "base64").readUInt32BE(4 + "ssh-ed25519".length);
    return own instanceof Error || line instanceof Error || length !== 32;
  });
  expect(unusable.map(({ public_key }) => public_key)).toEqual([]);
});
