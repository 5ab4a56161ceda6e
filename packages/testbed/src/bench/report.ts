import type { CreateToRunning } from "./create-to-running.ts";
import type { Distribution } from "./distribution.ts";
import type { KillToRepair } from "./kill-to-repair.ts";

export interface EngineFigures {
  engine: string;
  create: CreateToRunning;
  repair: KillToRepair;
}

const WIDTH = 46;
const ms = (value: number): string => value.toFixed(1).padStart(9);
const row = (what: string, { p50, p99 }: Distribution, note = ""): string =>
  `  ${what.padEnd(WIDTH)}${ms(p50)}${ms(p99)}  ${note}`.trimEnd();

/** One page, milliseconds. */
export function report(figures: readonly EngineFigures[]): string {
  return figures
    .map(({ engine, create, repair }) =>
      [
        `${engine} (${create.raw.count} rounds, milliseconds)`,
        `  ${"".padEnd(WIDTH)}${"p50".padStart(9)}${"p99".padStart(9)}`,
        row("raw create + start", create.raw),
        row("Docker Swarm: service asked for → started", create.swarm, `${ratio(create.swarm, create.raw)} of raw`),
        row(
          "wish committed → Running committed",
          create.whole,
          `${ratio(create.whole, create.raw)} of raw, ${ratio(create.whole, create.swarm)} of Swarm`,
        ),
        row("… of it Berth's own", create.own, `target 10 and 50; ${create.calls} engine calls`),
        row("one bare start: die → start", repair.rawUntilStarted),
        row("Docker Swarm: die → start", repair.swarmUntilStarted),
        row(
          "killed by hand: die → start",
          repair.untilStarted,
          `${ratio(repair.untilStarted, repair.rawUntilStarted)} of bare, ${ratio(repair.untilStarted, repair.swarmUntilStarted)} of Swarm`,
        ),
        row("killed by hand: die → our start call", repair.untilCall, "target 20 and 100"),
      ].join("\n"),
    )
    .join("\n\n");
}

const ratio = (a: Distribution, b: Distribution): string => `${(a.p50 / b.p50).toFixed(2)}×`;
