import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { finishUnplacedRemovals } from "@berth/db/containers/finish-removal.ts";
import { type ContainerRow, loadContainers } from "@berth/db/containers/load.ts";
import { type ImageFilter, loadImages } from "@berth/db/images/load.ts";
import { loadPlaces, loadPlacesOf } from "@berth/db/images/places.ts";
import { settleImages } from "@berth/db/images/settle.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { listen, SPEC_CHANNELS } from "@berth/db/listen.ts";
import { findGone, loadMachines, type MachineRow } from "@berth/db/machines/load.ts";
import { writeHeartbeats } from "@berth/db/machines/write-status.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import { advanceLine } from "@berth/db/placement/advance-line.ts";
import { settleMoves } from "@berth/db/placement/settle-moves.ts";
import { inTransaction, pgSql, type Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";
import manifest from "../package.json" with { type: "json" };
import { createAnnouncer } from "./announcer.ts";
import type { Crash } from "./crash.ts";
import { describeHealth } from "./describe.ts";
import { LeaseKeeper } from "./lease/lease-keeper.ts";
import { createRegistryAccess } from "./registry/registry-access.ts";
import { RegistryWorker } from "./registry/registry-worker.ts";
import { createMachineLoads } from "./machines/machine-loads.ts";
import { MachineSession } from "./machines/machine-session.ts";
import type { SessionContext } from "./machines/session-context.ts";
import { followSystemImages } from "./probe/system-images.ts";
import { createTelemetryHub } from "./probe/telemetry-hub.ts";
import { createSharedLanes } from "./queue/lanes.ts";
import { PRIORITY, WorkQueue } from "./queue/work-queue.ts";
import { runKey } from "./run-key.ts";
import { createTold } from "./told.ts";
import { batched } from "./triggers/batch.ts";
import { startDirtyPoll } from "./triggers/dirty-poll.ts";

const HEARTBEAT_MS = 15_000;
/** A notice that the line may move on, or that a move has come to its end, can be lost. */
const SETTLE_MS = 15_000;
/** Who could not be served as somebody changed it is looked at again soon, and not without end. */
const SETTLE_PAUSE_MS = 100;
const BATCH = 500;
const RETRY_MS = 1_000;
/** An engine that hangs must not keep our machines from another. */
const HAND_OVER_MS = 3_000;
/** A database that hangs must not keep the process from ending. */
const FLUSH_MS = 3_000;

export interface ReconcilerOptions {
  databaseUrl: string;
  box: SecretBox;
  log: Logger;
  connect: SessionContext["connect"];
  crash: Crash;
  /** Whether each machine gets a container of Berth's own that tells what it has and how busy it is (default true). */
  hasProbes?: boolean;
  now?: () => number;
  random?: () => number;
}

export interface Reconciler {
  /** What a person asks of a service that seems stuck. */
  /** Looks whether the registry still has every image that is ready. Returns how many of them are this process's. */
  verifyImages(): Promise<number>;
  health(): { shards: number; machines: number; waiting: number; running: number; delayed: number };
  stop(): Promise<void>;
}

/** Makes the machines of this process's shards, and what runs on them, as the database says; until stopped. */
export async function startReconciler(options: ReconcilerOptions): Promise<Reconciler> {
  const { databaseUrl, box, log } = options;
  const pool = createPool(databaseUrl, {
    max: 10,
    applicationName: "berth-reconciler",
    onError: (error) => log.debug({ err: error }, "an idle database connection ended"),
  });
  const sql = pgSql(pool);
  const sessions = new Map<string, MachineSession>();
  const queue = new WorkQueue({
    run: (key, group, giveUpPlace) =>
      key.startsWith("r/") ? worker.run(key) : runKey(sessions, log, key, group, giveUpPlace),
    maxRunning: 256,
    maxRunningPerGroup: 16,
  });
  const holder = randomUUID();
  const startedAt = new Date();
  const leases = new LeaseKeeper({
    databaseUrl,
    holder,
    log,
    onGained: (shards) => void gain(shards),
    onResumed: () => {
      sessions.forEach((session) => session.enqueueMachine(PRIORITY.event));
      worker.resume();
    },
    onLost: (shards) => lose(shards),
    describe: () => describeHealth({ version: manifest.version, startedAt }, queue, sessions),
  });
  const readMachines = (filter: { machine_ids: readonly string[] } | { shards: readonly number[] }) =>
    loadMachines(sql, box, filter, (machine_id, error) =>
      log.error(
        { err: error, machine_id },
        "a machine's row can't be read: is BERTH_SECRET_KEY the one it was added with?",
      ),
    );
  const readContainers: SessionContext["loadContainers"] = (filter) =>
    loadContainers(sql, filter, (uid, error) =>
      log.error({ err: error, uid }, "a container's row can't be read; it is left as it is"),
    );
  const readImages = (filter: ImageFilter) =>
    loadImages(sql, filter, (image_id, error) =>
      log.error({ err: error, image_id }, "an image's row can't be read; it is left as it is"),
    );
  const announcer = createAnnouncer(sql, log);
  const registry = createRegistryAccess(sql, box, log);
  const hasProbes = options.hasProbes ?? true;
  const now = options.now ?? Date.now;
  const context: SessionContext = {
    pool,
    sql,
    log,
    queue,
    lanes: createSharedLanes(),
    told: createTold(sql, log),
    announcer,
    registry,
    crash: options.crash,
    installation: await loadInstallation(sql),
    fenceOf: (shard) => leases.fence(shard),
    loadContainers: readContainers,
    loadImages: readImages,
    loads: createMachineLoads(sql, { loadContainers: readContainers, loadImages: readImages }),
    loadMachine: async (machineId) => (await readMachines({ machine_ids: [machineId] }))[0] ?? null,
    settlePlacements: () => settlePlacements(""),
    connect: options.connect,
    countMachines: () => sessions.size,
    systemImages: hasProbes
      ? followSystemImages(sql, log, () => sessions.forEach((session) => session.enqueueMachine(PRIORITY.resync)))
      : null,
    telemetry: hasProbes ? createTelemetryHub(sql, log, now) : null,
    now,
    random: options.random ?? Math.random,
  };
  const worker = new RegistryWorker(context);
  await context.systemImages?.ready;
  let isStopped = false;

  function open(row: MachineRow): void {
    try {
      const session = new MachineSession(context, row);
      sessions.set(row.machine_id, session);
      session.start();
    } catch (error) {
      // One row that can't be used must not cost the others.
      log.error({ err: error, machine_id: row.machine_id }, "a machine's address can't be used");
    }
  }

  function close(machineId: string): void {
    sessions.get(machineId)?.close();
    sessions.delete(machineId);
  }

  function retire(machineId: string): void {
    const session = sessions.get(machineId);
    sessions.delete(machineId);
    if (session) void session.retire();
  }

  /** The database may be away: what is ours is asked for until it is known. */
  async function gain(shards: number[]): Promise<void> {
    try {
      for (const row of await readImages({ unsettled_in: shards })) worker.look(row, PRIORITY.event);
      for (const row of await readMachines({ shards })) {
        // A session that was kept through a lapse has missed what others did meanwhile.
        close(row.machine_id);
        // The shard may have gone again while they were read.
        if (row.state !== "decommissioned" && leases.shards.includes(row.shard)) open(row);
      }
    } catch (error) {
      log.warn({ err: error }, "could not load the machines of new shards");
      const ours = shards.filter((shard) => leases.shards.includes(shard));
      if (!isStopped && ours.length > 0) setTimeout(() => void gain(ours), RETRY_MS);
    }
  }

  async function lose(shards: number[]): Promise<void> {
    for (const session of sessions.values()) {
      if (shards.includes(session.row.shard)) close(session.row.machine_id);
    }
  }

  const lookAtContainers = retried(log, async (uids: string[]) => {
    await finishUnplacedRemovals(sql, uids);
    const rows = await readContainers({ uids });
    await leaveBehind(rows, uids);
    for (const row of rows) {
      const session = sessions.get(row.placement.machine_id);
      if (!session) continue;
      if (!session.isLoaded) {
        // Its own load may have begun before this row was there.
        session.noticedEarly.add(row.uid);
        continue;
      }
      const keysBefore = session.containers.get(row.uid)?.row.ssh_keys_hash;
      const known = session.upsert(row);
      // No spec of its own changes with its owner's keys.
      const hasOtherKeys = row.ssh_keys_hash !== keysBefore;
      if (known.row.status.observed_generation < row.generation || known.isStale || hasOtherKeys)
        session.enqueue(row.uid, PRIORITY.user);
    }
  });
  /** Where each container was when it was last noticed: what stands where it stood concerns no other machine. */
  const lastPlaces = new Map<string, string>();
  /** Other machines let go of a container that is here now, and keep what it was there. */
  async function leaveBehind(rows: readonly ContainerRow[], uids: readonly string[]): Promise<void> {
    const places = new Map(rows.map(({ uid, placement }) => [uid, placement.machine_id]));
    const fresh = new Set(rows.filter(({ generation }) => generation === 1).map(({ uid }) => uid));
    const elsewhere = uids.filter(
      (uid) => !fresh.has(uid) && (places.get(uid) !== lastPlaces.get(uid) || !places.has(uid)),
    );
    if (elsewhere.length === 0) return;
    for (const session of sessions.values()) {
      const left = elsewhere.filter((uid) => places.get(uid) !== session.row.machine_id);
      const moved = left.filter((uid) => places.has(uid) && session.containers.has(uid));
      if (moved.length === 0 && !left.some((uid) => session.departed.hasOf(uid))) continue;
      await session.departed.load();
      for (const uid of moved) session.forgetContainer(uid);
      session.enqueueMachine(PRIORITY.event);
    }
    for (const uid of elsewhere) {
      const place = places.get(uid);
      if (place === undefined) lastPlaces.delete(uid);
      else lastPlaces.set(uid, place);
    }
  }
  const lookAtMachines = retried(log, async (machineIds: string[]) => {
    const rows = new Map((await readMachines({ machine_ids: machineIds })).map((row) => [row.machine_id, row]));
    for (const machineId of machineIds) applyMachine(machineId, rows.get(machineId));
  });
  const lookAtImages = retried(log, async (imageIds: string[]) => {
    await settleImages(sql);
    const ids = imageIds.map(Number);
    const rows = new Map((await readImages({ image_ids: ids })).map((row) => [row.image_id, row]));
    for (const imageId of ids) {
      const row = rows.get(imageId);
      for (const session of sessions.values()) {
        const isMaker = row?.desired === "present" && row.machine_id === session.row.machine_id;
        if (isMaker && session.isLoaded) session.images.upsert(row);
        // One that is not known here is no work of ours, and may be present.
        else session.images.notice(imageId, row ?? null);
      }
      if (row) worker.look(row, PRIORITY.user);
    }
    for (const { machine_id, ...place } of await loadPlacesOf(sql, ids))
      sessions.get(machine_id)?.images.noticePlace(place);
  });

  const lookAtPlaces = retried(log, async () => {
    const loaded = [...sessions.values()].filter(({ isLoaded }) => isLoaded);
    const places = await loadPlaces(
      sql,
      loaded.map(({ row }) => row.machine_id),
    );
    for (const session of loaded) {
      session.images.takeNews(places.filter(({ machine_id }) => machine_id === session.row.machine_id));
    }
  });

  const retireGone = retried(log, async () => {
    const gone = sessions.size === 0 ? [] : await findGone(sql, [...sessions.keys()]);
    gone.forEach(retire);
  });

  function applyMachine(machineId: string, row: MachineRow | undefined): void {
    const session = sessions.get(machineId);
    if (!row || row.state === "decommissioned") return retire(machineId);
    if (!leases.fence(row.shard)) return;
    if (session && isSameAddress(session.row, row)) {
      session.row = row;
      session.enqueueMachine(PRIORITY.user);
      return;
    }
    close(machineId);
    open(row);
  }

  const settlePlacements = batched(
    retried(log, async () => {
      await inTransaction(pool, settleMoves);
      await inTransaction(pool, advanceLine);
      await delay(SETTLE_PAUSE_MS, undefined, { ref: false });
    }),
    BATCH,
  );

  const onContainer = batched(lookAtContainers, BATCH);
  const onMachine = batched(lookAtMachines, BATCH);
  const onImage = batched(lookAtImages, BATCH);
  const handlers: Record<(typeof SPEC_CHANNELS)[number], (id: string) => void> = {
    berth_container: onContainer,
    berth_machine: onMachine,
    berth_image: onImage,
    berth_line: () => settlePlacements(""),
    berth_registry: () => {
      registry.poke();
      sessions.forEach((session) => {
        session.forgivePulls();
        session.registryReach.doubt();
      });
      worker.lookAgain();
    },
  };
  const poll = startDirtyPoll(sql, log, (containers, machines, images) => {
    containers.forEach(onContainer);
    machines.forEach(onMachine);
    images.forEach(onImage);
  });
  const lineTimer = setInterval(() => settlePlacements(""), SETTLE_MS);
  const notifications = await listen(databaseUrl, "berth-reconciler-listen", SPEC_CHANNELS, {
    onNotice: (channel, id) => handlers[channel](id),
    onConnected: () => {
      poll.poke();
      settlePlacements("");
      // Deletions leave no dirty row.
      void lookAtPlaces([]);
      void retireGone([]);
    },
    onError: (error) => log.warn({ err: error }, "not listening for changes; they are polled meanwhile"),
  });
  const heartbeat = setInterval(() => {
    void beat(sql, log, holder, sessions);
    void retireGone([]);
  }, HEARTBEAT_MS);
  leases.start();

  return {
    verifyImages: () => worker.verifyAll(leases.shards),
    health: () => ({ shards: leases.shards.length, machines: sessions.size, ...queue.depth }),
    async stop() {
      isStopped = true;
      clearInterval(heartbeat);
      clearInterval(lineTimer);
      poll.stop();
      // What is under way may end, if that is soon: an engine goes on with it in any case, and others wait for our machines.
      await Promise.race([queue.close(), delay(HAND_OVER_MS, undefined, { ref: false })]);
      for (const machineId of sessions.keys()) close(machineId);
      await leases.close();
      registry.close();
      context.systemImages?.close();
      await context.telemetry?.close();
      const said = Promise.all([context.told.flush(), announcer.close()]);
      await Promise.race([said, delay(FLUSH_MS, undefined, { ref: false })]);
      await notifications.close();
      await closePool(pool);
    },
  };
}

/** For what a notice asks: the database may be away, and then the poll asks again. */
function retried(log: Logger, work: (ids: string[]) => Promise<void>): (ids: string[]) => Promise<void> {
  return async (ids) => {
    try {
      await work(ids);
    } catch (error) {
      log.warn({ err: error, count: ids.length }, "could not follow a notice; it will be polled");
    }
  };
}

async function beat(sql: Sql, log: Logger, holder: string, sessions: Map<string, MachineSession>): Promise<void> {
  const beats = [...sessions.values()].flatMap(({ row, lastListAt }) =>
    lastListAt === null ? [] : [{ machine_id: row.machine_id, last_list_at: lastListAt }],
  );
  try {
    await writeHeartbeats(sql, holder, beats);
  } catch (error) {
    log.warn({ err: error }, "could not write the heartbeats");
  }
}

const isSameAddress = (a: MachineRow, b: MachineRow): boolean =>
  a.url === b.url &&
  a.allow_insecure === b.allow_insecure &&
  a.ssh_host_key === b.ssh_host_key &&
  // Adopted anew: what was known of its disk is known no more.
  a.marker_uuid === b.marker_uuid &&
  JSON.stringify(a.tls) === JSON.stringify(b.tls);

const closePool = (pool: Pool): Promise<void> => pool.end();
