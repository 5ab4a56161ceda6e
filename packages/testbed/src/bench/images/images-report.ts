import type { Distribution } from "../distribution.ts";
import type { ImageFigures } from "./measure-images.ts";

const WIDTH = 46;
const seconds = (ms: number): string => (ms / 1_000).toFixed(2).padStart(9);
const row = (what: string, { p50, p99 }: Distribution, note = ""): string =>
  `  ${what.padEnd(WIDTH)}${seconds(p50)}${seconds(p99)}  ${note}`.trimEnd();
const ratio = (a: Distribution, b: Distribution): string => `${(a.p50 / b.p50).toFixed(2)}×, target 1.15`;

/** One page, seconds. */
export function reportImages(figures: readonly ImageFigures[]): string {
  return figures
    .map(({ engine, megabytes, hand, berth, steps, memory }) =>
      [
        `${engine} (${hand.save.count} rounds of a new layer of ${megabytes} MB, seconds)`,
        `  ${"".padEnd(WIDTH)}${"p50".padStart(9)}${"p99".padStart(9)}`,
        row("docker commit + docker push", hand.save),
        row("… of it the commit", hand.commit),
        row("… of it the push", hand.push),
        row("Berth: save recorded → Ready committed", berth.save, ratio(berth.save, hand.save)),
        row("… of it the commit", berth.commit),
        row("… of it the push", berth.push, ratio(berth.push, hand.push)),
        row("… of it without the engine", berth.saveOwn),
        row("docker pull", hand.pull),
        row("Berth: container recorded → image present", berth.pull, ratio(berth.pull, hand.pull)),
        row("… of it without the engine", berth.pullOwn),
        `  steps in which the API told bytes: ${steps.push} of a push, ${steps.pull} of a pull, at the least`,
        `  memory, MiB: ${Object.entries(memory)
          .map(([name, { idle, highest }]) => `${name} ${idle} idle, ${highest} at the highest (+${highest - idle})`)
          .join("; ")}; target +150`,
      ].join("\n"),
    )
    .join("\n\n");
}
