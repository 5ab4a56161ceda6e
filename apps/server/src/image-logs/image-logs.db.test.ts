import { sqlOf } from "@berth/db/client.ts";
import { appendImageLog } from "@berth/db/images/logs.ts";
import type { Sql } from "@berth/db/sql.ts";
import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Client, type OpenRest, openRest } from "../rest/testing/open-rest.ts";
import { openClient, type SocketClient } from "../terminals/testing/terminal-client.ts";

let rest: OpenRest;
let li: Client;
let admin: Client;
let number = 0;

beforeAll(async () => {
  rest = await openRest();
  li = await rest.addUser("li");
  admin = await rest.addUser("boss", "admin");
});
afterAll(() => rest.close());

async function newImage(owner: Client | null = li): Promise<number> {
  const name = `${owner?.account ?? "public"}/made:${(number += 1)}`;
  const data = { name, user_id: owner?.user_id ?? null, source: "build" };
  return (await rest.db.images.create({ data: { ...data, status: { create: { phase: "Building" } } } })).image_id;
}
const print = (image_id: number, text: string): Promise<void> => appendImageLog(sqlOf(rest.db), image_id, text);
const reach = (image_id: number, phase: string) =>
  rest.db.image_status.update({ where: { image_id }, data: { phase, observed_generation: 1 } });
const open = (image_id: number, as: Client = li, query = ""): Promise<SocketClient> =>
  openClient(rest.url, `/ws/images/${image_id}/log${query}`, as.token);

test("sends what was printed and what is printed then, and ends when the image is made", async () => {
  const image = await newImage();
  await print(image, "Step 1/2 : FROM debian\n");
  const log = await open(image);
  await log.reads("Step 1/2");
  await print(image, "Step 2/2 : 容器\n");
  await log.reads("容器\n");
  expect(log.socket.readyState).toBe(log.socket.OPEN);
  await print(image, "done\n");
  await reach(image, "Ready");
  expect(await log.closed).toMatchObject({ code: 1000 });
  expect(log.text()).toBe("Step 1/2 : FROM debian\nStep 2/2 : 容器\ndone\n");
});

test.each(["Ready", "Failed", "Blocked", "Deleting", "Deleted"])(
  "ends after all of it where the image is %s",
  async (phase) => {
    const image = await newImage();
    const text = "0123456789abcde\n".repeat(45_000);
    await print(image, text);
    await reach(image, phase);
    const log = await open(image);
    expect(await log.closed).toMatchObject({ code: 1000 });
    expect(log.text()).toBe(text);
  },
);

test("goes on from where a socket was lost, with nothing doubled or left out", async () => {
  const image = await newImage();
  await print(image, "one\n");
  const lost = await open(image);
  await lost.reads("one\n");
  const { next_seq } = await lost.notice("logged");
  await lost.vanish();
  await print(image, "two\n");
  await reach(image, "Failed");
  const log = await open(image, li, `?from_seq=${next_seq}`);
  await log.closed;
  expect(log.text()).toBe("two\n");
});

test("is for its owner and for admins: others are told what HTTP would tell them", async () => {
  const wang = await rest.addUser("wang");
  const [own, everybodys] = [await newImage(), await newImage(null)];
  const closeOf = async (image: number, as: Client) => (await (await open(image, as)).closed).code;
  expect(await closeOf(own, wang)).toBe(CLOSE_CODE.NOT_FOUND);
  expect(await closeOf(everybodys, wang)).toBe(CLOSE_CODE.FORBIDDEN);
  expect(await closeOf(987_654, admin)).toBe(CLOSE_CODE.NOT_FOUND);
  for (const path of ["/ws/images/one/log", "/ws/images/0/log", `/ws/images/${own}/log?from_seq=0`]) {
    expect((await (await openClient(rest.url, path, li.token)).closed).code).toBe(CLOSE_CODE.BAD_REQUEST);
  }
  await print(everybodys, "for admins\n");
  await (await open(everybodys, admin)).reads("for admins");
});

test("ends for who may not see the image any more", async () => {
  const image = await newImage();
  const log = await open(image);
  await print(image, "mine\n");
  await log.reads("mine");
  await rest.db.images.update({ where: { image_id: image }, data: { user_id: admin.user_id } });
  expect((await log.closed).code).toBe(CLOSE_CODE.NOT_FOUND);
});

test("takes no messages", async () => {
  const log = await open(await newImage());
  log.type("x");
  expect((await log.closed).code).toBe(CLOSE_CODE.BAD_REQUEST);
});

test("reads no further than its reader does", async () => {
  let looks = 0;
  let sql: Sql | undefined;
  const slow = await openRest({
    services: {
      sql: (text, parameters) => {
        if (text.includes("FROM image_logs")) looks += 1;
        return sql!(text, parameters);
      },
    },
  });
  onTestFinished(() => slow.close());
  sql = sqlOf(slow.db);
  const wang = await slow.addUser("wang");
  const data = {
    name: "wang/slow:1",
    user_id: wang.user_id,
    source: "build",
    status: { create: { phase: "Building" } },
  };
  const { image_id } = await slow.db.images.create({ data });
  const log = await openClient(slow.url, `/ws/images/${image_id}/log`, wang.token);
  await appendImageLog(sql, image_id, "begun\n");
  await log.reads("begun\n");
  log.socket.pause();
  const line = `${"x".repeat(512 * 1024)}\n`;
  /** Whether it was looked at again soon: it is each half second as long as there is room. */
  const isLookedAt = async (): Promise<boolean> => {
    const before = looks;
    const look = vi.waitUntil(() => looks > before + 1, { timeout: 4_000, interval: 10 });
    return look.then(
      () => true,
      () => false,
    );
  };
  let printed = 0;
  do {
    await appendImageLog(sql, image_id, line);
    printed += 1;
  } while (printed < 60 && (await isLookedAt()));
  // Its own MiB, and what the buffers of the network hold.
  expect(printed).toBeLessThan(60);
  log.socket.resume();
  await appendImageLog(sql, image_id, "the end\n");
  await log.reads("the end\n");
});
