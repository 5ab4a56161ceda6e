import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BerthClient, createBerthClient } from "@berth/api/client.ts";
import { embeddedFolder, layoutOf } from "@berth/db/embedded/layout.ts";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import { endOrphan } from "@berth/db/embedded/stop.ts";
import type { Container, CreateContainerInput } from "@berth/spec/container.ts";
import type { ImageDetails, ImagePhase } from "@berth/spec/image.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { z } from "zod";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const ADMIN = { account: "berth-admin", password: "of the one who tries it" };
const PATIENCE = { timeout: 30_000, interval: 50 };
/** It ends at once when it is told to. */
const SLEEPS = { command: ["sleep", "1000"] };

let dataDir: string;
let launcher: ChildProcess;
let output = "";
let berth: BerthClient;
let machines: string[];

/** `npm start`, on a host without Docker and without a registry. */
beforeAll(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), "berth-loop-")), "data");
  const port = await pickPort();
  launcher = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env["PATH"],
      BERTH_DATA_DIR: dataDir,
      BERTH_PORT: String(port),
      BERTH_SSH_PORT: "off",
      BERTH_LOCAL_ENGINE: "off",
      BERTH_ADMIN_PASSWORD: ADMIN.password,
    },
    cwd: "/",
  });
  for (const stream of [launcher.stdout, launcher.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  await waitUntil("Berth to be ready", 60_000, () => output.includes("Berth is ready"));
  berth = createBerthClient({ url: `http://127.0.0.1:${port}`, ...ADMIN });
  machines = (await berth.machine.list.query({})).items.map(({ machine_id }) => machine_id);
});
afterAll(async () => {
  launcher.kill("SIGINT");
  if (launcher.exitCode === null) await once(launcher, "close");
  await endOrphan(layoutOf(embeddedFolder(dataDir)).cluster);
  await rm(join(dataDir, ".."), { recursive: true });
});

async function run(wish: z.input<typeof CreateContainerInput>): Promise<Container> {
  const { container_id } = await berth.container.create.mutate(wish);
  return vi.waitFor(async () => {
    const seen = await berth.container.get.query({ container_id });
    expect(seen.phase, seen.message).toBe("Running");
    return seen;
  }, PATIENCE);
}

const reaches = (image_id: number, wanted: ImagePhase): Promise<ImageDetails> =>
  vi.waitFor(async () => {
    const seen = await berth.image.get.query({ image_id });
    expect(seen.phase, seen.message).toBe(wanted);
    return seen;
  }, PATIENCE);

async function deleteImage(image_id: number): Promise<void> {
  await berth.image.remove.mutate({ image_id });
  await vi.waitFor(() => expect(berth.image.get.query({ image_id })).rejects.toThrow("There is no image"), PATIENCE);
}

test("all that is done with images works on simulated machines, with the registry that they share", async () => {
  const [first = "", second = "", third = ""] = machines;
  const work = await run({ name: "work", image: "public/busybox:latest", machine_id: first, gpu_count: 1, ...SLEEPS });

  const { image_id } = await berth.container.save.mutate({ container_id: work.container_id, name: "work:1" });
  const saved = await reaches(image_id, "Ready");
  expect(saved).toMatchObject({ name: "berth-admin/work:1", source: "commit" });
  expect(saved.digest).toMatch(/^sha256:/);
  expect(saved.size).toBeGreaterThan(0);
  expect([saved.progress, saved.total]).toEqual([saved.size, saved.size]);

  const again = await run({ name: "again", image: saved.name, machine_id: second, ...SLEEPS });
  expect(again.machine_id).toBe(second);

  const published = await berth.image.publish.mutate({ image_id, name: "public/work:1" });
  expect(await reaches(published.image_id, "Ready")).toMatchObject({ public: true, digest: saved.digest });

  const dockerfile = "FROM public/work:1\nENV SHOWN=yes\nRUN echo built > /built\n";
  const build = await berth.image.build.mutate({ name: "public/built:1", dockerfile });
  const built = await reaches(build.image_id, "Ready");
  expect(built).toMatchObject({ parent_image_id: published.image_id, source: "build" });
  const log = await berth.image.log.query({ image_id: built.image_id });
  expect(log.ended).toBe(true);
  expect(log.text).toContain("RUN echo built > /built");
  const last = await run({ name: "last", image: built.name, machine_id: third, ...SLEEPS });

  for (const { container_id } of [work, again, last]) await berth.container.delete.mutate({ container_id });
  await vi.waitFor(async () => expect((await berth.container.list.query({})).items).toEqual([]), PATIENCE);
  for (const image of [built, published, saved]) await deleteImage(image.image_id);
});
