// `npm run bench`: what Berth adds to the engine's own calls and to bare HTTP routes, measured beside them in one run.
// `npm run bench -- doors`, `-- engines`, `-- images`, `-- telemetry`, `-- sick-fleet` or `-- console` measures only that.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { prepareMachine } from "../fleet/prepare.ts";
import type { EngineGeneration } from "../fleet/generations.ts";
import { startFleet } from "../fleet/start-fleet.ts";
import { startBenchBerth } from "./bench-berth.ts";
import { measureCreateToRunning } from "./create-to-running.ts";
import { reportConsole } from "./console/console-report.ts";
import { measureConsole } from "./console/measure-console.ts";
import { reportDoors } from "./doors/doors-report.ts";
import { measureDoors } from "./doors/measure-doors.ts";
import { reportImages } from "./images/images-report.ts";
import { type ImageFigures, measureImages } from "./images/measure-images.ts";
import { measureKillToRepair } from "./kill-to-repair.ts";
import { type EngineFigures, report } from "./report.ts";
import { measureSickFleet, reportSickFleet } from "./sick-fleet/measure-sick-fleet.ts";
import { startSwarm } from "./swarm.ts";
import { measureTelemetry, reportTelemetry } from "./telemetry/measure-telemetry.ts";

const ROUNDS = Number(process.env["BERTH_BENCH_ROUNDS"] ?? 30);
/** Each of them moves gigabytes. */
const IMAGE_ROUNDS = Number(process.env["BERTH_BENCH_ROUNDS"] ?? 3);
const IMAGE_MB = Number(process.env["BERTH_BENCH_IMAGE_MB"] ?? 300);
/** Only this generation of engines. */
const ONLY = process.env["BERTH_BENCH_ENGINE"];
const OUTPUT = "bench/latest.json";

const SECTIONS = ["doors", "engines", "images", "telemetry", "sick-fleet", "console"];
const MACHINES = Number(process.env["BERTH_BENCH_MACHINES"] ?? 200);
const LARGE_FLEET = Number(process.env["BERTH_BENCH_MACHINES"] ?? 1_000);
/** Rows of the console's longest list. */
const LISTED = Number(process.env["BERTH_BENCH_CONTAINERS"] ?? 10_000);
const PAGE_ROUNDS = Number(process.env["BERTH_BENCH_ROUNDS"] ?? 5);

async function main(asked: readonly string[]): Promise<void> {
  const unknown = asked.filter((section) => !SECTIONS.includes(section));
  if (unknown.length > 0) throw new Error(`no such section: ${unknown.join(", ")}; there are ${SECTIONS.join(", ")}`);
  const [load] = loadavg();
  const isAsked = (section: string): boolean => asked.length === 0 || asked.includes(section);
  const doors = isAsked("doors") ? await measureDoors({ rounds: ROUNDS }) : [];
  const engines = isAsked("engines") ? await onEachGeneration(measure) : [];
  const images = isAsked("images") ? await onEachGeneration(measureImagesOn) : [];
  const telemetry = isAsked("telemetry") ? await measureTelemetry({ machines: MACHINES }) : null;
  const sickFleet = isAsked("sick-fleet") ? await measureSickFleet({ machines: LARGE_FLEET }) : null;
  const consoleFigures = isAsked("console") ? await measureConsole({ containers: LISTED, rounds: PAGE_ROUNDS }) : null;
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_bytes: totalmem(),
    kernel: release(),
    /** Of a minute, at the beginning and at the end. */
    load: [load, loadavg()[0]],
  };
  mkdirSync("bench", { recursive: true });
  writeFileSync(
    OUTPUT,
    `${JSON.stringify({ machine, rounds: ROUNDS, doors, figures: engines, images, telemetry, sickFleet, console: consoleFigures }, null, 2)}\n`,
  );
  const pages = [
    ...(doors.length > 0 ? [reportDoors(doors)] : []),
    ...(engines.length > 0 ? [report(engines)] : []),
    ...(images.length > 0 ? [reportImages(images)] : []),
    ...(telemetry ? [reportTelemetry(telemetry)] : []),
    ...(sickFleet ? [reportSickFleet(sickFleet)] : []),
    ...(consoleFigures ? [reportConsole(consoleFigures)] : []),
  ];
  console.log(
    `\n${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, load ${machine.load.map((load) => load?.toFixed(1)).join(" to ")}\n\n${pages.join("\n\n")}\n\nalso in ${OUTPUT}`,
  );
}

/** One generation at a time: idle engines cost the others something. */
async function onEachGeneration<Figures>(work: (generation: EngineGeneration) => Promise<Figures>): Promise<Figures[]> {
  const { generations, gaps } = await prepareMachine((line) => console.log(line));
  for (const gap of gaps) console.log(`left out: ${gap}`);
  const figures: Figures[] = [];
  for (const generation of generations) {
    if (ONLY === undefined || ONLY === generation) figures.push(await work(generation));
  }
  return figures;
}

const measureImagesOn = (generation: EngineGeneration): Promise<ImageFigures> =>
  measureImages(generation, { rounds: IMAGE_ROUNDS, megabytes: IMAGE_MB });

async function measure(generation: EngineGeneration): Promise<EngineFigures> {
  const fleet = await startFleet({ engines: [{ name: "bench", generation }] });
  const berth = await startBenchBerth();
  const [target] = fleet.engines;
  if (!target) throw new Error("the fleet has no engine");
  const engine = connectEngine(parseEngineUrl(target.url, { tls: target.tls }));
  try {
    const { machine_id } = await berth.admin.machine.add({ url: target.url, tls: target.tls, name: "bench" });
    const image = { name: "public/busybox:latest", reference: "berth-test/busybox:latest" };
    await berth.admin.image.add(image);
    await using swarm = await startSwarm(target.socket_path, target.address, image.reference);
    const options = { machine_id, image, rounds: ROUNDS };
    const kill = async (engineId: string): Promise<void> => void (await target.docker("kill", engineId));
    return {
      engine: `Docker ${generation}`,
      create: await measureCreateToRunning(berth, engine, swarm, options),
      repair: await measureKillToRepair(berth, engine, swarm, kill, options),
    };
  } finally {
    engine.close();
    await berth.close();
    await fleet.close();
  }
}

await main(process.argv.slice(2));
