import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { session } from "./session.ts";

const tokenOf = (user_id: number): string => `h.${btoa(JSON.stringify({ iat: 0, exp: 3_600, user_id }))}.s`;

test("a page that somebody else signs in at is left, and goes on with nothing of theirs meanwhile", async () => {
  const replace = vi.fn<(url: string) => void>();
  vi.stubGlobal("location", { replace });
  onTestFinished(() => void vi.unstubAllGlobals());
  await session.begin(tokenOf(1));
  await session.begin(tokenOf(1));
  expect(replace).not.toHaveBeenCalled();

  const goesOn = vi.fn<() => void>();
  void session.begin(tokenOf(2)).then(goesOn);
  await turn();
  expect(replace).toHaveBeenCalledExactlyOnceWith("/");
  expect(goesOn).not.toHaveBeenCalled();
  expect(await session.token()).toBe(tokenOf(1));
});
