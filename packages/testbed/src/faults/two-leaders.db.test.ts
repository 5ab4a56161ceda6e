import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import { type ReconcilerProcess, startReconcilerProcess } from "../scenario/reconciler-process.ts";
import type { WatchedContainer } from "../scenario/watched-container.ts";
import type { EngineCall } from "../simulated/faults.ts";
import { countCalls, doneTo, timesOf, useFaultyScene } from "./faulty-scene.ts";

const BUSY_LOOP = new URL("./busy-loop.fixture.ts", import.meta.url).href;

/** How often the machine changes hands at least. */
const TAKEN_OVER = 3;

describe("two reconcilers", () => {
  const open = useFaultyScene();
  let others: ReconcilerProcess[] = [];
  afterEach(async () => {
    await Promise.all(others.map((other) => other.stop()));
    others = [];
  });

  /** One more beside the scene's own; the event loop of either can be kept busy where both were started so. */
  async function startAnother(module?: string): Promise<ReconcilerProcess> {
    const { berth } = open();
    const databaseUrl = berth.database_url;
    const options = {
      databaseUrl,
      secretKey: berth.server.secret_key,
      ...(module !== undefined && { execArgv: ["--import", module] }),
    };
    const another = await startReconcilerProcess(options);
    others.push(another);
    return another;
  }

  interface Lease {
    holder: string;
    epoch: number;
  }

  /** Of the machine's shard; null where nobody holds it. */
  async function readLease(): Promise<Lease | null> {
    const [row] = await open().berth.query<Lease>(
      `SELECT holder, epoch::int FROM leases JOIN machines USING (shard)
       WHERE holder IS NOT NULL AND expires_at > clock_timestamp()`,
    );
    return row ?? null;
  }

  /** Of the machine's shard, whoever holds it: it grows each time that the shard is taken. */
  async function readEpoch(): Promise<number> {
    const [row] = await open().berth.query<{ epoch: number }>(
      "SELECT epoch::int FROM leases JOIN machines USING (shard)",
    );
    return row?.epoch ?? 0;
  }

  async function untilShared(): Promise<void> {
    await waitUntil("each to have its share", 20_000, async () => {
      const rows = await open().berth.query<{ held: number }>(
        "SELECT count(*)::int AS held FROM leases WHERE expires_at > clock_timestamp() GROUP BY holder",
      );
      return rows.length === 2 && rows.every(({ held }) => held === 32);
    });
  }

  /** In the place of the scene's own; says which of them leads the machine once each has its share. */
  async function startTwo(
    module?: string,
  ): Promise<{ leader: ReconcilerProcess; other: ReconcilerProcess; lease: Lease | null }> {
    const { berth } = open();
    await berth.reconciler.stop();
    const first = await startAnother(module);
    berth.reconciler = first;
    await waitUntil("the first to lead", 20_000, async () => (await readLease()) !== null);
    const before = await readLease();
    const second = await startAnother(module);
    await untilShared();
    const lease = await readLease();
    const isFirst = lease?.holder === before?.holder;
    return { leader: isFirst ? first : second, other: isFirst ? second : first, lease };
  }

  test("whose leases are taken from them again and again: each container is made once", async () => {
    const { scene, berth, engine } = open();
    await startAnother();
    await untilShared();
    const before = await readEpoch();
    const expiry = { isOver: false };
    const expiring = (async () => {
      // Long enough for the machine to have changed hands while they were created.
      while (!expiry.isOver || (await readEpoch()) < before + TAKEN_OVER) {
        await berth.query("UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'");
        await delay(300);
      }
    })();
    const containers = [];
    for (let made = 0; made < 10; made += 1) {
      containers.push(await scene.create());
      await delay(300);
    }
    expiry.isOver = true;
    await expiring;
    for (const container of containers) {
      await container.reaches("Running");
      expect(timesOf(engine.simulation, container, "create")).toBe(1);
      expect(timesOf(engine.simulation, container, "start")).toBe(1);
    }
  });

  test("of which the one that leads can do nothing for half a minute: the other leads, and it changes nothing when it can again", async () => {
    const { scene, berth, engine } = open();
    const folder = await mkdtemp(join(tmpdir(), "busy-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const enough = join(folder, "enough");
    const { leader, other, lease } = await startTwo(`${BUSY_LOOP}?until=${enough}`);
    const [stopped, started] = await Promise.all([scene.run(), scene.run()]);
    await started.owner.container.stop.mutate(started.ref);
    await started.reaches("Stopped");

    leader.kill("SIGUSR2");
    await waitUntil("the other to lead", 20_000, async () => {
      const now = await readLease();
      return now !== null && now.holder !== lease?.holder;
    });
    await stopped.owner.container.stop.mutate(stopped.ref);
    await started.owner.container.start.mutate(started.ref);
    await Promise.all([stopped.reaches("Stopped"), started.reaches("Running")]);
    expect(leader.log.some((line) => line.includes("shards were lost"))).toBe(false);
    await writeFile(enough, "");
    await waitUntil("the busy one to notice", 40_000, () =>
      leader.log.some((line) => line.includes("shards were lost")),
    );
    await untilShared();
    expect(timesOf(engine.simulation, started, "start")).toBe(2);
    expect(timesOf(engine.simulation, stopped, "start")).toBe(1);
    expect((await readLease())?.epoch).toBeGreaterThan(lease?.epoch ?? 0);
    expect(await stopped.see()).toMatchObject({ phase: "Stopped" });

    // Both live on; the scene goes on with the one that was not busy.
    expect(() => process.kill(leader.pid, 0)).not.toThrow();
    others = [leader];
    berth.reconciler = other;
  });

  test.each<[what: string, call: EngineCall, ask: (container: WatchedContainer) => Promise<unknown>]>([
    [
      "the create of a recreate",
      "create",
      ({ owner, ref }) => owner.container.update.mutate({ ...ref, env: { CHANGED: "yes" }, recreate: "discard" }),
    ],
    ["a removal", "remove", ({ owner, ref }) => owner.container.delete.mutate(ref)],
  ])(
    "of which the one that leads freezes in the middle of %s: the other brings it to its end, and it changes nothing when it thaws",
    async (_what, call, ask) => {
      const { scene, berth, engine } = open();
      const { leader, other, lease } = await startTwo();
      berth.reconciler = other;
      others = [leader];

      const [changed, bystander] = await Promise.all([scene.run(), scene.run()]);
      const calls = countCalls(engine.simulation);
      engine.simulation.faults.add({ call, effect: { kind: "none" }, latency_ms: 1_000, times: 1 });
      await ask(changed);
      await expect.poll(() => calls(call)).toBe(1);
      leader.kill("SIGSTOP");
      await waitUntil("the other to lead", 20_000, async () => {
        const now = await readLease();
        return now !== null && now.holder !== lease?.holder;
      });
      if (call === "remove") await changed.isGone();
      else await changed.reaches("Running");
      await bystander.owner.container.stop.mutate(bystander.ref);
      await bystander.reaches("Stopped");
      const creates = timesOf(engine.simulation, changed, "create");
      expect(creates).toBe(call === "create" ? 2 : 1);

      const done = (): string[] => [changed, bystander].flatMap((container) => doneTo(engine.simulation, container));
      const was = done();
      leader.kill("SIGCONT");
      await waitUntil("the thawed one to notice", 20_000, () =>
        leader.log.some((line) => line.includes("shards were lost")),
      );
      await untilShared();
      expect(done()).toEqual(was);
      expect(await bystander.see()).toMatchObject({ phase: "Stopped" });
      const left = (await changed.allOnEngine()).map(({ state }) => state).sort();
      expect(left).toEqual(call === "create" ? ["exited", "running"] : []); // the one before stays set aside
    },
  );

  test("of which the one that leads is asked to end while a call of it hangs: the other leads soon, and does what it had begun", async () => {
    const { scene, berth, engine } = open();
    const { leader, other, lease } = await startTwo();
    const calls = countCalls(engine.simulation);
    const goOn = engine.simulation.faults.add({ call: "start", effect: { kind: "hang" }, times: 1 });
    const container = await scene.create();
    await expect.poll(() => calls("start")).toBe(1);
    others = [];
    berth.reconciler = other;
    const ended = leader.stop();
    // The call itself would be given up only after a minute.
    await waitUntil("the other to lead", 15_000, async () => {
      const now = await readLease();
      return now !== null && now.holder !== lease?.holder;
    });
    expect(await ended).toBe(0);
    await container.reaches("Running");
    expect(timesOf(engine.simulation, container, "create")).toBe(1);
    goOn();
  });
});
