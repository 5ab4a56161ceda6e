import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { createBerthClient } from "@berth/api/client.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { describeOnEngines } from "@berth/testbed/scenario/on-engines.ts";
import type { Scene, Wish } from "@berth/testbed/scenario/scene.ts";
import type { WatchedContainer } from "@berth/testbed/scenario/watched-container.ts";
import { expect, test } from "vitest";
import { openClient, type SocketClient } from "../terminals/testing/terminal-client.ts";

const PATIENCE_MS = 30_000;
const MIB = 1024 * 1024;
/** Each run of the container says once that it has begun, and a line more when it is told to. */
const SAYS = ["sh", "-c", 'echo "run $RANDOM$RANDOM"; echo waiting; while :; do sleep 1; done'];

async function run(scene: Scene, wish: Wish): Promise<{ container: WatchedContainer; token: string }> {
  const account = `user-${randomBytes(4).toString("hex")}`;
  const client = await scene.berth.server.registerUser(account);
  const password = hashAsClient(`${account}'s password`);
  const { access_token } = await createBerthClient({ url: scene.berth.server.url }).auth.login.mutate({
    account,
    password,
  });
  return { container: await scene.run(wish, client), token: access_token };
}

const open = (scene: Scene, { container_id }: WatchedContainer, token: string, query = ""): Promise<SocketClient> =>
  openClient(scene.berth.server.url, `/ws/containers/${container_id}/logs?${query}`, token);

/** Of the server's process. */
async function residentMib(pid: number): Promise<number> {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

describeOnEngines(["real", "simulated"], (scene) => {
  test("sends what was printed and ends, where nobody follows", async () => {
    const { container, token } = await run(scene(), { command: ["sh", "-c", "echo one; echo two; sleep 1000"] });
    await (await open(scene(), container, token)).reads("two");
    const whole = await open(scene(), container, token, "follow=false");
    expect(await whole.closed).toMatchObject({ code: 1000 });
    expect(whole.text().replaceAll("\r", "")).toBe("one\ntwo\n");
    const end = await open(scene(), container, token, "follow=false&tail=1&timestamps=true");
    await end.closed;
    expect(end.text()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two\r?\n$/);
    const none = await open(scene(), container, token, "follow=false&since=2999-01-01T00:00:00Z");
    expect(await none.closed).toMatchObject({ code: 1000 });
    expect(none.text()).toBe("");
  });

  test("goes on through restarts, with nothing doubled or lost", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    for (const tty of [true, false]) {
      const command = ["sh", "-c", "echo run >> /runs; grep -c . /runs; printf '%s' 'no end'; sleep 1000"];
      const newline = tty ? "\r\n" : "\n";
      const runs = (...numbers: number[]): string => numbers.map((number) => `${number}${newline}no end`).join("");
      const { container, token } = await run(scene(), { command, tty });
      const all = await open(scene(), container, token);
      await all.reads(`1${newline}`);
      const onlyNew = await open(scene(), container, token, "tail=0");
      for (const round of [2, 3]) {
        await container.owner.container.stop.mutate(container.ref);
        await container.reaches("Stopped");
        await container.owner.container.start.mutate(container.ref);
        await container.reaches("Running");
        await all.reads(`${round}${newline}`);
      }
      // What has no end is written when its command ends: the third run's is not there yet.
      expect(`${all.text()}no end`).toBe(runs(1, 2, 3));
      await onlyNew.reads(`3${newline}`);
      expect(runs(1, 2, 3)).toBe(
        `1${newline}${onlyNew.text().startsWith("no end") ? "" : "no end"}${onlyNew.text()}no end`,
      );
    }
  });

  test("goes on with what is made anew", async () => {
    const { container, token } = await run(scene(), { command: SAYS });
    const log = await open(scene(), container, token);
    await log.reads("waiting");
    const before = (await container.onEngine()).id;
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    await container.reaches("Running");
    expect((await container.onEngine()).id).not.toBe(before);
    await waitUntil("the new one's log", PATIENCE_MS, () => (log.text().match(/waiting/g) ?? []).length === 2);
    expect(log.text().match(/run/g)).toHaveLength(2);
  });

  test("goes on with what is restored, and leaves out what that had printed before", async () => {
    const { container, token } = await run(scene(), { command: SAYS });
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    await container.reaches("Running");
    await (await open(scene(), container, token)).reads("waiting");
    const log = await open(scene(), container, token, "tail=1");
    await log.reads("waiting");
    await container.owner.container.restore.mutate(container.ref);
    await container.reaches("Running");
    await waitUntil("the restored one's log", PATIENCE_MS, () => (log.text().match(/waiting/g) ?? []).length === 2);
    expect(log.text().match(/run/g)).toHaveLength(1);
  });

  test("ends where the container is deleted, and is nobody else's to read", async () => {
    const { container, token } = await run(scene(), { command: SAYS });
    const stranger = await run(scene(), {});
    expect((await (await open(scene(), container, stranger.token)).closed).code).toBe(4404);
    expect((await (await open(scene(), container, token, "tail=-1")).closed).code).toBe(4400);
    const log = await open(scene(), container, token);
    await log.reads("waiting");
    await container.owner.container.delete.mutate(container.ref);
    expect((await log.closed).code).toBe(4404);
  });

  test("leaves the server's memory flat while 100 MB wait for readers that do not read", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const print = `yes ${"x".repeat(1_000)} | head -c ${100 * MIB}; touch /printed`;
    const command = ["sh", "-c", `until test -e /go; do sleep 0.1; done; ${print}; sleep 1000`];
    const { pid } = scene().berth.server;

    // An engine keeps three files of 10 MB of a log: who follows more slowly than it is printed misses those in between.
    const muchOfIt = 8 * MIB;
    // What a log costs that is read, before what one costs that is not.
    const first = await run(scene(), { command, tty: false });
    const reader = await open(scene(), first.container, first.token);
    await first.container.shell("touch /go");
    await waitUntil("a reader to have had much", 60_000, () => reader.read().length > muchOfIt);
    await reader.vanish();
    for (const _ of [1, 2, 3])
      await (
        await open(scene(), first.container, first.token, "follow=false&tail=1000000")
      ).closed;

    const { container, token } = await run(scene(), { command, tty: false });
    const stuck = await Promise.all([1, 2, 3].map(() => open(scene(), container, token)));
    for (const { socket } of stuck) socket.pause();
    const before = await residentMib(pid);
    let highest = before;
    await container.shell("touch /go");
    await waitUntil("all of it to be printed", 60_000, async () => {
      highest = Math.max(highest, await residentMib(pid));
      return (await container.shell("ls /")).includes("printed");
    });
    // By the time that the server has read all of it for others, it would have read it for those, too.
    for (const _ of [1, 2, 3]) await (await open(scene(), container, token, "follow=false&tail=1000000")).closed;
    highest = Math.max(highest, await residentMib(pid));
    // 300 MB wait. What is read leaves garbage of up to 100 MB behind, however little is kept.
    expect(highest - before).toBeLessThan(200);
    for (const { socket } of stuck) {
      expect(socket.readyState).toBe(socket.OPEN);
      socket.resume();
    }
    await waitUntil("them to go on where they read again", 60_000, () =>
      stuck.every(({ read }) => read().length > muchOfIt),
    );
  }, 180_000);
});
