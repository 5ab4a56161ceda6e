import type { Distribution } from "../distribution.ts";
import type { FleetFigures } from "./measure-fleet.ts";
import type { ScalePoint } from "./measure-scale.ts";

const WIDTH = 62;
const BAR = 24;

/** One page, seconds. */
export function reportFleet({
  machines,
  containers,
  resync,
  idle,
  burst,
  kill,
  failover,
  scale,
}: FleetFigures): string {
  return [
    `${machines} simulated machines with ${containers} containers over mutual TLS, seconds`,
    `  ${"".padEnd(WIDTH)}${"p50".padStart(9)}${"p99".padStart(9)}`,
    row("bare client: all lists, connections open", resync.bareWarm),
    row("all machines noticed → all listed", resync.warm, `${ratio(resync.warm, resync.bareWarm)} of bare, target 1`),
    row("bare client: all lists, connections closed", resync.bareCold),
    row("process begins → all listed", resync.cold, `${ratio(resync.cold, resync.bareCold)} of bare, target 5`),
    row("… of it: process begins → it runs", resync.coldStart),
    row("one of two killed → the other leads", failover.killed.led, "target 1"),
    row("… → it has listed what the other had", failover.killed.listed),
    row("one of two frozen → the other leads", failover.frozen.led, "target 12"),
    row("… → it has listed what the other had", failover.frozen.listed),
    `  idle: ${idle.cpu.toFixed(1)} % of a core, target 3; ${idle.rss} MiB, target 350; ${idle.statementsPerSecond.toFixed(1)} statements/s, target 2`,
    `  ${burst.containers} creates at once, engines as ${burst.timings}: all run after ${burst.seconds.toFixed(1)} s, ${burst.perSecond.toFixed(0)} a second`,
    `    bare client ${burst.bareSeconds.toFixed(1)} s; ${burst.perSecondBeyond?.toFixed(0) ?? "no"} a second beyond that, target 1000`,
    `    CPU: reconciler ${burst.cpu.reconciler.toFixed(1)} s, simulated engines ${burst.cpu.engines.toFixed(1)} s`,
    `  kill -9 with ${kill.ranBefore} of ${kill.containers} running → all run and all listed: ${kill.seconds.toFixed(1)} s, target 5; ${kill.duplicates} duplicates`,
    `    … of it until all were listed ${kill.listedSeconds.toFixed(1)} s`,
    ...scaleRows(scale),
  ].join("\n");
}

function row(what: string, { p50, p99 }: Distribution, note = ""): string {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(2).padStart(9);
  return `  ${what.padEnd(WIDTH)}${seconds(p50)}${seconds(p99)}  ${note}`.trimEnd();
}

const ratio = (a: Distribution, b: Distribution): string => `${(a.p50 / b.p50).toFixed(2)}×`;

/** Bars of equal length are what is aimed at. */
function scaleRows(points: readonly ScalePoint[]): string[] {
  if (points.length === 0) return [];
  const highest = Math.max(...points.map(({ cpuMsPerMachine }) => cpuMsPerMachine));
  return [
    `  ${"machines".padStart(8)}${"CPU of a resync each".padStart(24)}${"memory each".padStart(16)}${"memory".padStart(11)}${"idle".padStart(9)}`,
    ...points.map(({ machines, cpuMsPerMachine, mibPerMachine, mib, idleCpu }) => {
      const bar = "█".repeat(Math.max(1, Math.round((BAR * cpuMsPerMachine) / highest)));
      return `  ${String(machines).padStart(8)}${cpuMsPerMachine.toFixed(2).padStart(21)} ms${mibPerMachine.toFixed(2).padStart(12)} MiB${String(mib).padStart(7)} MiB${idleCpu.toFixed(1).padStart(7)} %  ${bar}`;
    }),
  ];
}
