import { randomBytes } from "node:crypto";
import { TEST_IMAGE } from "../../fleet/test-image.ts";
import type { ScenarioEngine } from "../../scenario/scenario-engine.ts";
import { settleDisk, writeLayer } from "./write-layer.ts";

export interface HandTransfer {
  commitMs: number;
  pushMs: number;
  pullMs: number;
}

/** What a person does with Docker's own command line, and tidies up afterwards but for the registry's garbage. */
export async function transferByHand(
  from: ScenarioEngine,
  to: ScenarioEngine,
  megabytes: number,
): Promise<HandTransfer> {
  const name = `hand-${randomBytes(4).toString("hex")}`;
  const reference = `${from.registry}/${name}:1`;
  await from.docker("run", "--detach", "--init", "--name", name, TEST_IMAGE, "sleep", "86400");
  await writeLayer(from, name, megabytes);
  const commitMs = await timed(() => from.docker("commit", name, reference));
  const pushMs = await timed(() => from.docker("push", reference));
  await settleDisk();
  const pullMs = await timed(() => to.docker("pull", reference));
  const digest = (await to.docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", reference)).split("@")[1];
  await from.docker("rm", "--force", name);
  for (const engine of [from, to]) await engine.docker("rmi", reference);
  const deleted = await fetch(`http://${from.registry}/v2/${name}/manifests/${digest}`, { method: "DELETE" });
  if (!deleted.ok) throw new Error(`${reference} stays on the registry: ${deleted.status}`);
  return { commitMs, pushMs, pullMs };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
