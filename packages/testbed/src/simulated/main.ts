import { parseArgs } from "node:util";
import { z } from "zod";
import { startSimulatedFleet } from "./fleet.ts";

/**
 * A fleet of simulated GPU servers as a process of its own. When they answer it writes one line of JSON,
 * `{"machines":[{"name","url"}],"registry":"127.0.0.1:PORT"}`; it saves and ends on SIGTERM, SIGINT, or when its input is
 * closed, so that it never outlives who started it.
 */
const Settings = z.object({
  data_dir: z.string("--data-dir or BERTH_SIMULATED_DATA_DIR is missing").min(1),
  count: z.coerce.number().int().min(1).max(1000).default(3),
});

const { values } = parseArgs({ options: { "data-dir": { type: "string" }, count: { type: "string" } } });
const settings = Settings.safeParse({
  data_dir: values["data-dir"] ?? process.env["BERTH_SIMULATED_DATA_DIR"],
  count: values.count ?? process.env["BERTH_SIMULATE"],
});
if (!settings.success) {
  process.stderr.write(`${z.prettifyError(settings.error)}\n`);
  process.exit(2);
}

// Heard from the beginning: who reads that the machines answer may end them at once.
const ended = new Promise<void>((resolve) => {
  process.once("SIGTERM", resolve).once("SIGINT", resolve);
  process.stdin.once("end", resolve).once("error", resolve).resume();
});
const fleet = await startSimulatedFleet(settings.data);
const machines = fleet.machines.map(({ name, url }) => ({ name, url }));
process.stdout.write(`${JSON.stringify({ machines, registry: fleet.registry_address })}\n`);

await ended;
await fleet.close();
process.exit(0);
