/**
 * From an account to a running container and back, as a program does it:
 *
 *   BERTH_URL=http://127.0.0.1:3000 BERTH_ACCOUNT=li BERTH_PASSWORD='…' \
 *     node_modules/.bin/node packages/api/examples/first-container.ts [image] [name]
 *
 * `image` is one of those that `image.list` shows, by default the newest; `name` is the container's, by default `first`.
 * With BERTH_KEEP=1 the container is left running. Signing in, and signing in again when the token has ended, is the
 * client's: only a hash of the password leaves this process.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BerthClientError, createBerthClient } from "@berth/api/client.ts";

// oxlint-disable-next-line node/no-process-env -- a script on its own has no env.ts
const { BERTH_URL = "http://127.0.0.1:3000", BERTH_ACCOUNT, BERTH_PASSWORD, BERTH_KEEP } = process.env;
if (!BERTH_ACCOUNT || !BERTH_PASSWORD) {
  console.error("Set BERTH_ACCOUNT and BERTH_PASSWORD.");
  process.exit(1);
}

const berth = createBerthClient({ url: BERTH_URL, account: BERTH_ACCOUNT, password: BERTH_PASSWORD });

async function main([image, name = "first"]: string[]): Promise<void> {
  for (const { machine_id, gpu, online } of await berth.machine.info.query()) {
    console.log(`machine ${machine_id} is ${online ? "online" : "offline"} and has ${Object.keys(gpu).length} GPUs`);
  }

  const wish = { name, image: image ?? (await newestImage()), gpu_count: 0 };
  const { container_id } = await berth.container.create.mutate(wish);
  console.log(`container ${container_id} is recorded`);

  const { connect } = await waitUntil(container_id, "Running");
  console.log(`container ${container_id} runs`);
  for (const way of [connect.ssh ?? "no ssh", ...connect.urls]) console.log(`connect: ${way}`);

  const { lines } = await berth.container.logs.query({ container_id, tail: 5 });
  for (const line of lines) console.log(`log: ${line}`);
  if (BERTH_KEEP) return;

  await berth.container.stop.mutate({ container_id });
  await waitUntil(container_id, "Stopped");
  await berth.container.delete.mutate({ container_id });
  console.log(`container ${container_id} is stopped and deleted`);
}

async function newestImage(): Promise<string> {
  const { items } = await berth.image.list.query({ limit: 1 });
  if (!items[0]) throw new Error("There is no image yet: an admin adds one.");
  return items[0].name;
}

/** Shows what happens meanwhile. */
async function waitUntil(container_id: number, wanted: "Running" | "Stopped") {
  let shown = "";
  for (;;) {
    const container = await berth.container.get.query({ container_id });
    const { phase, message } = container;
    if (phase === wanted) return container;
    if (phase === "Failed") throw new Error(`The container failed: ${message}`);
    if (phase !== shown) console.log(`${phase} ${message}`.trim());
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
