import type { Daemon } from "../daemon.ts";
import { formatNs, ZERO_TIME } from "../engine-time.ts";
import { type Call, isSet, type Reply } from "../http/call.ts";
import { coresOf } from "../machine-facts.ts";
import type { ContainerRecord } from "./container-record.ts";

/** What a process that mostly sleeps uses. */
const CORES_IN_USE = 0.002;
const MEMORY_IN_USE = 3 * 1024 * 1024;
const READING_INTERVAL_MS = 1000;

/** `GET /containers/:id/stats`: one reading, or one a second until the client goes or the container has ended. */
export async function streamStats(call: Call): Promise<Reply> {
  const { daemon, params, query } = call;
  const container = daemon.container(params["id"] ?? "");
  await daemon.takes("stats");
  const isStream = query.get("stream") === null || isSet(query, "stream");
  if (!isStream) return { status: 200, json: read(daemon, container, !isSet(query, "one-shot")) };
  const body = call.stream(200, { "Content-Type": "application/json" });
  while (!call.client.aborted && daemon.containers.has(container.id)) {
    await body.write(`${JSON.stringify(read(daemon, container, true))}\n`);
    await new Promise<void>((resolve) => {
      const cancel = daemon.options.clock.after(READING_INTERVAL_MS, resolve);
      call.client.addEventListener("abort", () => {
        cancel();
        resolve();
      });
    });
  }
  body.end();
  return undefined;
}

function read(daemon: Daemon, container: ContainerRecord, hasPrevious: boolean): unknown {
  const now = daemon.time.nowNs();
  const previous = now - BigInt(READING_INTERVAL_MS) * 1_000_000n;
  const runs = container.process !== null;
  const names = { name: `/${container.name}`, id: container.id };
  if (!runs) {
    const nothing = { read: ZERO_TIME, preread: ZERO_TIME, pids_stats: {}, num_procs: 0, storage_stats: {} };
    return { ...names, ...nothing, cpu_stats: NO_CPU, precpu_stats: NO_CPU, memory_stats: {} };
  }
  const limit = container.host.Memory || daemon.options.facts.memory * 1024 * 1024;
  return {
    ...names,
    read: formatNs(now),
    preread: hasPrevious ? formatNs(previous) : ZERO_TIME,
    pids_stats: { current: container.host.Init ? 2 : 1 },
    blkio_stats: {},
    num_procs: 0,
    storage_stats: {},
    cpu_stats: readCpu(daemon, container, now),
    precpu_stats: hasPrevious ? readCpu(daemon, container, previous) : NO_CPU,
    memory_stats: {
      usage: MEMORY_IN_USE,
      max_usage: MEMORY_IN_USE,
      stats: { cache: 0, inactive_file: 0, total_inactive_file: 0, rss: MEMORY_IN_USE },
      limit: Math.min(limit, daemon.options.facts.memory * 1024 * 1024),
    },
    ...(container.network?.ip
      ? { networks: { eth0: { rx_bytes: 0, rx_packets: 0, tx_bytes: 0, tx_packets: 0 } } }
      : {}),
  };
}

const NO_THROTTLING = { periods: 0, throttled_periods: 0, throttled_time: 0 };
const NO_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: NO_THROTTLING,
};

function readCpu(daemon: Daemon, container: ContainerRecord, atNs: bigint): unknown {
  const ranNs = Math.max(0, Number(atNs - (container.started_ns ?? atNs)));
  const used = Math.floor(ranNs * CORES_IN_USE);
  const cores = coresOf(daemon.options.facts);
  return {
    cpu_usage: { total_usage: used, usage_in_kernelmode: 0, usage_in_usermode: used },
    // Of the whole machine since it was started, which for a simulated one is when time began.
    system_cpu_usage: Math.floor(Number(atNs / 1000n) * cores) * 1000,
    online_cpus: cores,
    throttling_data: NO_THROTTLING,
  };
}
