// `npm run bench`: what Berth adds to the engine's own calls and to bare HTTP routes, measured beside them in one run.
// `npm run bench -- doors`, `-- engines`, `-- images`, `-- telemetry`, `-- sick-fleet`, `-- fleet` or `-- console` measures only that.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { prepareMachine } from "../fleet/prepare.ts";
import type { EngineGeneration } from "../fleet/generations.ts";
import { startFleet } from "../fleet/start-fleet.ts";
import { startBenchBerth } from "./bench-berth.ts";
import { findMoves, reportMoves } from "./compare.ts";
import { measureCreateToRunning } from "./create-to-running.ts";
import { reportConsole } from "./console/console-report.ts";
import { measureConsole } from "./console/measure-console.ts";
import { reportDoors } from "./doors/doors-report.ts";
import { measureDoors } from "./doors/measure-doors.ts";
import { reportImages } from "./images/images-report.ts";
import { type ImageFigures, measureImages } from "./images/measure-images.ts";
import { handsAt, measureKillToRepair } from "./kill-to-repair.ts";
import { describeMachine, keepSection, readLatest } from "./latest.ts";
import { reportFleet } from "./fleet/fleet-report.ts";
import { type FleetFigures, measureFleet } from "./fleet/measure-fleet.ts";
import { plotScale } from "./fleet/scale-plot.ts";
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

const MACHINES = Number(process.env["BERTH_BENCH_MACHINES"] ?? 200);
const LARGE_FLEET = Number(process.env["BERTH_BENCH_MACHINES"] ?? 1_000);
/** Rows of the console's longest list. */
const LISTED = Number(process.env["BERTH_BENCH_CONTAINERS"] ?? 10_000);
const PAGE_ROUNDS = Number(process.env["BERTH_BENCH_ROUNDS"] ?? 5);

/** On each machine of the large fleet. */
const EACH = Number(process.env["BERTH_BENCH_CONTAINERS"] ?? 20);
const FLEET_ROUNDS = Number(process.env["BERTH_BENCH_ROUNDS"] ?? 3);
/** Fleets whose cost per machine is measured; none where it is empty. */
const SIZES = (process.env["BERTH_BENCH_SIZES"] ?? "100,300,1000,3000,5000").split(",").filter(Boolean).map(Number);
/** Where that is drawn, as SVG. */
const PLOT = process.env["BERTH_BENCH_PLOT"];

/** What is measured, and how it reads on the screen. */
interface Section {
  name: string;
  run: () => Promise<{ figures: unknown; page: string }>;
}

const section = <Figures>(
  name: string,
  measureIt: () => Promise<Figures>,
  reportIt: (figures: Figures) => string,
): Section => ({
  name,
  async run() {
    const figures = await measureIt();
    return { figures, page: reportIt(figures) };
  },
});

const SECTIONS: readonly Section[] = [
  section("doors", () => measureDoors({ rounds: ROUNDS }), reportDoors),
  section("engines", () => onEachGeneration(measure), report),
  section("images", () => onEachGeneration(measureImagesOn), reportImages),
  section("telemetry", () => measureTelemetry({ machines: MACHINES }), reportTelemetry),
  section("sick-fleet", () => measureSickFleet({ machines: LARGE_FLEET }), reportSickFleet),
  section("fleet", measureLargeFleet, reportFleet),
  section("console", () => measureConsole({ containers: LISTED, rounds: PAGE_ROUNDS }), reportConsole),
];

async function main(asked: readonly string[]): Promise<void> {
  const names = SECTIONS.map(({ name }) => name);
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no such section: ${unknown.join(", ")}; there are ${names.join(", ")}`);
  const before = readLatest(OUTPUT);
  const pages: string[] = [];
  const moved: string[] = [];
  for (const { name, run } of SECTIONS.filter((each) => asked.length === 0 || asked.includes(each.name))) {
    const [loadBefore = 0] = loadavg();
    const { figures, page } = await run();
    const machine = describeMachine([loadBefore, loadavg()[0] ?? 0]);
    // At once: a section that fails must not cost the ones before it.
    keepSection(OUTPUT, name, { measured_at: new Date().toISOString(), machine, figures });
    const load = machine.load.map((value) => value.toFixed(1)).join(" to ");
    pages.push(`${page}\n  (${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, load ${load})`);
    const last = before[name];
    // As it is read next time: what is no number in JSON must not count as one here.
    if (last)
      moved.push(reportMoves(name, last.measured_at, findMoves(last.figures, readLatest(OUTPUT)[name]?.figures)));
  }
  console.log(`\n${[...pages, ...moved].join("\n\n")}\n\nalso in ${OUTPUT}`);
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
    return {
      engine: `Docker ${generation}`,
      create: await measureCreateToRunning(berth, engine, swarm, options),
      repair: await measureKillToRepair(berth, engine, swarm, handsAt(target), options),
    };
  } finally {
    engine.close();
    await berth.close();
    await fleet.close();
  }
}

async function measureLargeFleet(): Promise<FleetFigures> {
  const figures = await measureFleet({ machines: LARGE_FLEET, each: EACH, rounds: FLEET_ROUNDS, sizes: SIZES });
  if (PLOT !== undefined) writeFileSync(PLOT, plotScale(figures.scale));
  return figures;
}

await main(process.argv.slice(2));
