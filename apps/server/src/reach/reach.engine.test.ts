import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { createApiServices } from "@berth/api/services.ts";
import type { Actor } from "@berth/api/context.ts";
import { createDb } from "@berth/db/client.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { reachNameOf, SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import { watchHeldBytes } from "@berth/testbed/fleet/held-bytes.ts";
import { TEST_IMAGE } from "@berth/testbed/fleet/test-image.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { ADMIN } from "@berth/testbed/scenario/api-server.ts";
import { describeOnEngines } from "@berth/testbed/scenario/on-engines.ts";
import type { Scene } from "@berth/testbed/scenario/scene.ts";
import type { WatchedContainer } from "@berth/testbed/scenario/watched-container.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Reach, type ReachLimits } from "./reach.ts";

const MEGABYTE = 1024 * 1024;
/** Gives back whatever comes, on a port that is open nowhere else. */
const ECHO = ["nc", "-ll", "-p", "7000", "-e", "cat"];

/** A server's part that reaches, on the scene's database, as the admin. */
async function openReach({ berth }: Scene, limits: Partial<ReachLimits> = {}) {
  const db = createDb(berth.database_url);
  const box = createSecretBox(berth.server.secret_key);
  const installation = await loadInstallation(prismaSql(db));
  const services = createApiServices({ db, box, installation, connectEngine });
  const user = await db.users.findFirstOrThrow({ where: { account: ADMIN.account } });
  const credential = { kind: "access_token", token_epoch: user.token_epoch, expires_at: new Date(8e15) } as const;
  const actor: Actor = { user_id: user.user_id, account: user.account, role: "admin", scope: "write", credential };
  const reach = new Reach(services, limits);
  onTestFinished(async () => {
    reach.close();
    services.engines.close();
    await db.$disconnect();
  });
  return (container: WatchedContainer, port = 7000) =>
    reach.dial({ container_id: container.container_id, port, actor });
}

const relaysOf = async ({ engine }: Scene, { uid }: WatchedContainer): Promise<string[]> => {
  const listed = await engine.docker("ps", "-aq", "--no-trunc", "--filter", `name=^/?${reachNameOf(uid)}$`);
  return listed.split("\n").filter((id) => id !== "");
};

async function removeRelays({ engine }: Scene): Promise<void> {
  const ids = (await engine.docker("ps", "-aq", "--filter", "label=berth.system=reach")).split("\n").filter(Boolean);
  if (ids.length > 0) await engine.docker("rm", "-f", ...ids);
}

async function echoes(connection: Awaited<ReturnType<Awaited<ReturnType<typeof openReach>>>>, text = "hello") {
  connection.write(text);
  const [answer] = (await once(connection, "data")) as [Buffer];
  expect(answer.toString()).toBe(text);
}

describeOnEngines(["real"], (scene) => {
  beforeAll(() => scene().engine.docker("tag", TEST_IMAGE, SYSTEM_IMAGE));
  afterAll(() => removeRelays(scene()));

  test("connects to a port that is open nowhere, and passes bytes as they are in both directions", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({ command: ECHO });
    const connection = await dial(container);
    await echoes(connection);
    const sent = randomBytes(200_000);
    connection.write(sent);
    let received = Buffer.alloc(0);
    while (received.length < sent.length) {
      received = Buffer.concat([received, ((await once(connection, "data")) as [Buffer])[0]]);
    }
    expect(received.equals(sent)).toBe(true);
    connection.destroy();
    await waitUntil("the program's connection to end", 10_000, async () => {
      return !(await container.shell("netstat -tn")).includes("ESTABLISHED");
    });
  });

  test("tells what does not run, and what does not listen, apart", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({ command: ECHO });
    await expect(dial(container, 7001)).rejects.toMatchObject({
      code: "UNPROCESSABLE",
      details: { reason: "nothing_listens" },
    });
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await expect(dial(container)).rejects.toMatchObject({ code: "CONFLICT", details: { reason: "not_running" } });
  });

  test("passes 100 MB in both directions at once, and holds little of it here", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({ command: ECHO });
    const connection = await dial(container);
    const grownBytes = watchHeldBytes();
    let received = 0;
    const sentHash = createHash("sha256");
    const receivedHash = createHash("sha256");
    const part = randomBytes(MEGABYTE);
    connection.on("data", (chunk: Buffer) => {
      received += chunk.length;
      receivedHash.update(chunk);
    });
    const started = performance.now();
    for (let sent = 0; sent < 100; sent += 1) {
      sentHash.update(part);
      if (!connection.write(part)) await once(connection, "drain");
    }
    await waitUntil("all of it to be back", 100_000, async () => received === 100 * MEGABYTE);
    console.log(`${scene().engine.name}: 100 MB there and back in ${Math.round(performance.now() - started)} ms`);
    const grown = grownBytes();
    expect(receivedHash.digest("hex")).toBe(sentHash.digest("hex"));
    expect(grown).toBeLessThan(70 * MEGABYTE);
    connection.destroy();
  });

  test("reaches a container again that was restarted, by a relay of its new network", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({ command: ECHO });
    await echoes(await dial(container));
    const [before] = await relaysOf(scene(), container);
    const at = performance.now();
    await scene().engine.docker("restart", "-t", "0", (await container.onEngine()).id);
    console.log(`${scene().engine.name}: restart ${Math.round(performance.now() - at)} ms`);
    await container.isOnEngine("running");
    await waitUntil("the program to listen", 10_000, async () =>
      (await container.shell("netstat -ltn")).includes(":7000"),
    );
    await echoes(await dial(container));
    const after = await relaysOf(scene(), container);
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);
  });

  test("uses one relay for many connections, also of two servers at once", async () => {
    const [one, other] = [await openReach(scene()), await openReach(scene())];
    const container = await scene().run({ command: ECHO });
    const dials = Array.from({ length: 10 }, (_, at) => (at % 2 ? one : other)(container));
    for (const connection of await Promise.all(dials)) await echoes(connection);
    expect(await relaysOf(scene(), container)).toHaveLength(1);
  });

  test("stands in nobody's way: its container is committed, stopped, started and removed as ever", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({ command: ECHO });
    const connection = await dial(container);
    const { id } = await container.onEngine();
    await scene().engine.docker("commit", id, "berth-test/with-relay:latest");
    await scene().engine.docker("rmi", "berth-test/with-relay:latest");
    await echoes(connection);
    const closed = once(connection, "close");
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    await closed;
    await waitUntil("the relay to end with its container", 15_000, async () => {
      return (await relaysOf(scene(), container)).length === 0;
    });
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    await waitUntil("the program to listen", 10_000, async () =>
      (await container.shell("netstat -ltn")).includes(":7000"),
    );
    await echoes(await dial(container));
    await container.owner.container.delete.mutate(container.ref);
    await container.isGone();
    const { items } = await scene().berth.admin.machine.list.query({});
    const told = items.flatMap(({ conditions }) => conditions).filter(({ type }) => /orphan|unknown/i.test(type));
    expect(told).toEqual([]);
  });

  test("leaves what is not Berth's alone, though it has the relay's name", async () => {
    const dial = await openReach(scene(), { connectMs: 3_000 });
    const container = await scene().run({ command: ECHO });
    const name = reachNameOf(container.uid);
    await scene().engine.docker("run", "-d", "--name", name, TEST_IMAGE, "sleep", "1000");
    onTestFinished(async () => void (await scene().engine.docker("rm", "-f", name)));
    await expect(dial(container)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await scene().engine.docker("inspect", "--format", "{{.State.Running}}", name)).toBe("true");
  });

  test("goes to a published port by itself where it can, without a relay", async () => {
    const dial = await openReach(scene());
    const port = { name: "echo", kind: "tcp", container_port: 7000 } as const;
    const container = await scene().run({ command: ECHO, ports: [port] });
    await echoes(await dial(container));
    expect(await relaysOf(scene(), container)).toEqual([]);
  });

  test.each([
    [{ perContainer: 2 }, "This container has 2 connections open: close some."],
    [{ perUser: 2 }, "You have 2 connections open: close some."],
  ])("with %o refuses one more, until one has ended", async (limits, message) => {
    const dial = await openReach(scene(), limits);
    const container = await scene().run({ command: ECHO });
    const first = await dial(container);
    await dial(container);
    await expect(dial(container)).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS", message });
    first.destroy();
    await once(first, "close");
    await echoes(await dial(container));
  });

  test("answers the end of what was written by closing, once all has gone", async () => {
    const dial = await openReach(scene());
    const container = await scene().run({
      command: ["sh", "-c", "nc -l -p 7000 > /tmp/got; touch /tmp/done; sleep 1000"],
    });
    await waitUntil("the program to listen", 10_000, async () =>
      (await container.shell("netstat -ltn")).includes(":7000"),
    );
    const connection = await dial(container);
    connection.end(Buffer.alloc(MEGABYTE, 7));
    await buffer(connection);
    await waitUntil("all to have arrived", 10_000, async () => {
      return (await container.shell("test -e /tmp/done && wc -c < /tmp/got || true")).trim() === String(MEGABYTE);
    });
  });
});
