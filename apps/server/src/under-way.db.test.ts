import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { LONG_TRANSACTION } from "@berth/api/testing/long-transaction.ts";
import { untilSomeoneWaits } from "@berth/api/testing/until-someone-waits.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Client, type OpenRest, openRest } from "./rest/testing/open-rest.ts";

const counted: string[] = [];
let rest: OpenRest;
let caller: Client;

beforeAll(async () => {
  const begin = () => {
    counted.push("begin");
    return () => counted.push("end");
  };
  rest = await openRest({ services: { calls: { count: () => undefined, begin } } });
  caller = await rest.addUser("caller");
});
afterAll(() => rest.close());

test.each(["/api/user/me", "/trpc/user.me"])(
  "a request to %s counts no more where its caller left while it was looked up who they are",
  async (path) => {
    counted.length = 0;
    const connection = once(rest.app.server, "connection");
    const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
    const [accepted] = (await connection) as [Socket];
    await rest.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE users IN ACCESS EXCLUSIVE MODE`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: berth\r\nAuthorization: Bearer ${caller.token}\r\n\r\n`);
      await untilSomeoneWaits(rest.services.sql);
      socket.destroy();
      if (!accepted.closed) await once(accepted, "close");
      expect(counted).toEqual([]);
    }, LONG_TRANSACTION);
    await vi.waitFor(() => expect(counted).toEqual(["begin", "end"]), 10_000);
  },
);
