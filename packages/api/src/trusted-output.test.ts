import { initTRPC } from "@trpc/server";
import { expect, test } from "vitest";
import { z } from "zod";
import { trusted } from "./trusted-output.ts";

const Answer = z.object({ id: z.int(), note: z.string().default("none") });

test("tRPC hands an answer on as it is, while the schema itself still checks", async () => {
  const t = initTRPC.create();
  const answer = { id: 7 } as z.output<typeof Answer>;
  const call = t.createCallerFactory(
    t.router({
      checked: t.procedure.output(Answer).query(() => answer),
      trusted: t.procedure.output(trusted(Answer)).query(() => answer),
    }),
  )({});
  expect(await call.trusted()).toBe(answer);
  expect(await call.checked()).toEqual({ id: 7, note: "none" });
  expect(trusted(Answer).parse({ id: 7, secret: "x" })).toEqual({ id: 7, note: "none" });
  expect(z.toJSONSchema(trusted(Answer))).toEqual(z.toJSONSchema(Answer));
});
