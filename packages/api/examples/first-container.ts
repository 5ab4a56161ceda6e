/**
 * From nothing to a running container, as a program does it:
 *
 *   BERTH_URL=http://127.0.0.1:3000 BERTH_ACCOUNT=li BERTH_PASSWORD='…' \
 *     node packages/api/examples/first-container.ts [image] [name]
 *
 * Run it with Node 24 (`node_modules/.bin/node` of this repository), from anywhere. `image` is one of those that
 * `image.list` shows, by default the newest; `name` is the container's, by default `first`. Signing in, and signing in
 * again when the token has ended, is the client's: only a hash of the password leaves this process.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BerthClientError, createBerthClient } from "@berth/api/client.ts";

// oxlint-disable-next-line node/no-process-env -- a script on its own has no env.ts
const { BERTH_URL = "http://127.0.0.1:3000", BERTH_ACCOUNT, BERTH_PASSWORD } = process.env;
if (!BERTH_ACCOUNT || !BERTH_PASSWORD) {
  console.error("Set BERTH_ACCOUNT and BERTH_PASSWORD.");
  process.exit(1);
}

const berth = createBerthClient({ url: BERTH_URL, account: BERTH_ACCOUNT, password: BERTH_PASSWORD });

async function main([image, name = "first"]: string[]): Promise<void> {
  const machines = await berth.machine.list.query({});
  for (const { name, gpus, gpus_taken, online } of machines.items) {
    console.log(`machine ${name}: ${online ? "online" : "offline"}, ${gpus.length - gpus_taken.length} GPUs free`);
  }

  const created = await berth.container.create.mutate({ name, image: image ?? (await newestImage()), gpu_count: 0 });
  console.log(`container ${created.container_id} is recorded on ${created.machine_id}`);

  const running = await waitUntilRunning(created.container_id);
  console.log(`container ${running.container_id} runs`);
  if (running.connect.ssh) console.log(running.connect.ssh);
  for (const url of running.connect.urls) console.log(url);
}

async function newestImage(): Promise<string> {
  const { items } = await berth.image.list.query({ limit: 1 });
  if (!items[0]) throw new Error("There is no image yet: an admin adds one with image.add.");
  return items[0].name;
}

async function waitUntilRunning(container_id: number) {
  let shown = "";
  for (;;) {
    const container = await berth.container.get.query({ container_id });
    const { status, phase, message } = container;
    if (status) return container;
    if (phase === "Failed") throw new Error(`The container failed: ${message}`);
    if (shown !== phase) console.log(`${phase} ${message}`.trim());
    shown = phase;
    await delay(500);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof BerthClientError ? error.message : error);
  process.exitCode = 1;
}
