import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { tarGzOf } from "@berth/api/images/build-context/testing/archives.ts";
import type { BerthClient } from "@berth/api/client.ts";
import type { BuildImageInput, Image } from "@berth/spec/image.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { startGitServer } from "./git-server.ts";
import { publishForTwoPlatforms } from "./many-platforms.ts";
import { describeOnEngines } from "./on-engines.ts";
import type { Scene } from "./scene.ts";
import { startTokenRegistry, type TokenRegistry } from "./token-registry.ts";
import type { WatchedContainer } from "./watched-container.ts";
import { WatchedImage } from "./watched-image.ts";

const MIB = 1024 * 1024;
const BUILD_MS = 60_000;

const newId = (): string => randomBytes(4).toString("hex");
const newName = (): string => `public/b-${newId()}:1`;
const repositoryOf = (name: string): string => name.split(":")[0] ?? "";

describeOnEngines(["real"], (scene, scenes) => {
  let admin: BerthClient;
  let registry: TokenRegistry;
  beforeAll(async () => {
    const { berth, engine, machine_id } = scene();
    admin = berth.admin;
    registry = await startTokenRegistry(berth, sharedFleet()!, `tokens-${engine.name}`);
    await admin.machine.update.mutate({ machine_id, is_builder: true });
  });
  afterAll(async () => {
    await admin.machine.update.mutate({ machine_id: scene().machine_id, is_builder: false });
    await registry?.close();
  });

  /** On this machine. */
  async function build(dockerfile: string[], more: Partial<BuildImageInput> = {}): Promise<WatchedImage> {
    const { machine_id } = scene();
    const wish = { name: newName(), dockerfile: dockerfile.join("\n"), machine_id, ...more };
    return new WatchedImage(admin, await admin.image.build.mutate(wish));
  }

  /** As a program sends files: a form over REST. */
  async function buildOfFiles(context: Buffer): Promise<WatchedImage> {
    const { token } = await admin.user.api_tokens.create.mutate({ name: newId(), scope: "write" });
    const form = new FormData();
    form.append("name", newName());
    form.append("machine_id", scene().machine_id);
    form.append("context", new Blob([new Uint8Array(context)]), "files.tar.gz");
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${scene().berth.server.url}/api/images/build`, { method: "POST", headers, body: form });
    expect(answer.status, await answer.clone().text()).toBe(201);
    return new WatchedImage(admin, (await answer.json()) as Image);
  }

  /** All that is kept of what its making printed. */
  async function logOf(image: WatchedImage): Promise<{ text: string; ended: boolean }> {
    let text = "";
    for (let from_seq = 1; ;) {
      const page = await admin.image.log.query({ ...image.ref, from_seq });
      text += page.text;
      if (page.text === "") return { text, ended: page.ended };
      from_seq = page.next_seq;
    }
  }

  /** What the registry itself says, asked with a token. */
  const digestOf = async (name: string): Promise<string | undefined> =>
    (await registry.registry.headManifest(repositoryOf(name), name.split(":")[1] ?? ""))?.digest;

  /** Containers of this engine that run a command with `part` in it. */
  async function stepsOf(part: string): Promise<string[]> {
    const listed = await scene().engine.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Command}}");
    return listed.split("\n").flatMap((line) => (line.includes(part) ? [line.split(" ")[0] ?? ""] : []));
  }

  async function waitForStep(part: string): Promise<string> {
    let steps: string[] = [];
    await waitUntil(`a step with ${part}`, 30_000, async () => (steps = await stepsOf(part)).length > 0);
    return steps[0] ?? "";
  }

  const others = (): Scene[] => scenes().filter(({ machine_id }) => machine_id !== scene().machine_id);

  async function remove(...all: (WatchedContainer | WatchedImage)[]): Promise<void> {
    for (const one of all) {
      if (one instanceof WatchedImage) await admin.image.remove.mutate(one.ref);
      else await one.owner.container.delete.mutate(one.ref);
      await one.isGone();
    }
  }

  test("an image of a Dockerfile's text is built on one of ours, told while it is built, and starts elsewhere", async () => {
    const id = newId();
    const image = await build(
      [
        "FROM public/busybox:latest",
        "ARG COLOUR=grey",
        `RUN echo waits-${id}; while [ ! -e /go ]; do sleep 0.1; done; rm /go; echo "goes on"`,
        "RUN echo $COLOUR > /colour",
      ],
      { build_args: { COLOUR: "blue" } },
    );
    const step = await waitForStep(id);
    await image.until("it to be Building", ({ phase }) => phase === "Building");
    await waitUntil("the log to tell of the step", 10_000, async () =>
      (await logOf(image)).text.includes(`\nwaits-${id}\n`),
    );
    const before = await logOf(image);
    expect(before.ended).toBe(false);
    expect(before.text).not.toContain("\ngoes on\n");
    await scene().engine.docker("exec", step, "touch", "/go");

    const ready = await image.reaches("Ready", BUILD_MS);
    expect(ready).toMatchObject({ source: "build", public: true, reference: `${registry.address}/${ready.name}` });
    expect(ready.digest).toMatch(/^sha256:/);
    expect(ready.digest).toBe(await digestOf(ready.name));
    const after = await logOf(image);
    expect(after.ended).toBe(true);
    expect(after.text.startsWith(before.text)).toBe(true);
    expect(after.text).toContain("\ngoes on\n");

    expect(others()).toHaveLength(2);
    for (const other of others()) {
      const container = await other.run({ image_id: image.image_id });
      expect(await container.shell("cat /colour; ls /go 2>/dev/null || true")).toBe("blue");
      await remove(container);
    }
    await remove(image);
    expect(await digestOf(ready.name)).toBeUndefined();
  });

  test("files that are sent are built from, but for those that .dockerignore names", async () => {
    const image = await buildOfFiles(
      await tarGzOf([
        ["Dockerfile", "FROM public/busybox:latest\nCOPY . /app\n"],
        [".dockerignore", "*.log\n!kept.log\nsecrets\n"],
        ["a.log", "noise"],
        ["kept.log", "kept"],
        ["secrets/key", "s3cret"],
        ["src/run.sh", { content: "#!/bin/sh\necho it runs\n", mode: 0o755 }],
      ]),
    );
    const ready = await image.reaches("Ready", BUILD_MS);
    expect(ready.digest).toBe(await digestOf(ready.name));
    for (const other of others()) {
      const container = await other.run({ image_id: image.image_id });
      expect(await container.shell("cd /app; find . -name '*.log' -o -name 'secrets*'; src/run.sh")).toBe(
        "./kept.log\nit runs",
      );
      await remove(container);
    }
    await remove(image);
  });

  test("a repository is built from: its branch, its folder, its Dockerfile, and a public image that it begins with", async () => {
    const { engine, machine_id } = scene();
    const base = await build(["FROM public/busybox:latest", `RUN echo ${newId()} > /base`]);
    const { reference } = await base.reaches("Ready", BUILD_MS);
    await admin.image.update.mutate({ image_id: base.image_id, create_params: { memory: 64 } });
    await engine.docker("rmi", reference); // so that the builder must be let in to the registry
    const server = await startGitServer(sharedFleet()!.directory, `git-${engine.name}`);
    const address = await server.publish("group/app", "v1", {
      Dockerfile: "FROM scratch\n",
      "docker/gpu.Dockerfile": `FROM ${reference}\nCOPY app /app\n`,
      "docker/app": "of v1",
    });
    const git = `${address}#v1:docker`;
    const wish = { name: newName(), git, dockerfile: "gpu.Dockerfile", machine_id };
    const image = new WatchedImage(admin, await admin.image.build.mutate(wish));
    const ready = await image.reaches("Ready", BUILD_MS);
    expect(ready.digest).toBe(await digestOf(ready.name));
    // Which one it begins with, the builder alone has seen.
    expect(ready).toMatchObject({ parent_image_id: base.image_id, create_params: { memory: 64 } });
    await expect(admin.image.remove.mutate({ image_id: base.image_id })).rejects.toThrow(`needed by ${ready.name}`);
    const container = await others()[0]!.run({ image_id: image.image_id });
    expect(await container.shell("cat /app")).toBe("of v1");
    await remove(container, image);

    const gone = new WatchedImage(
      admin,
      await admin.image.build.mutate({ name: newName(), git: `${address}#v2`, machine_id }),
    );
    const { message } = await gone.reaches("Failed", BUILD_MS);
    expect(message).toContain("v2");
    expect((await logOf(gone)).text).toContain("v2");
    await remove(gone, base);
    await server.close();
  }, 180_000);

  test("a step that fails is told in Docker's words, at the end of the log too, and nothing is pushed", async () => {
    const image = await build(["FROM public/busybox:latest", "RUN echo almost; exit 7", "RUN echo never"]);
    const message = "The command '/bin/sh -c echo almost; exit 7' returned a non-zero code: 7";
    const failed = await image.reaches("Failed", BUILD_MS);
    expect(failed).toMatchObject({ digest: null });
    expect(failed.message).toContain(message);
    const log = await logOf(image);
    expect(log.ended).toBe(true);
    expect(log.text).toContain("\nalmost\n");
    expect(log.text.trimEnd().endsWith(message)).toBe(true);
    expect(log.text).not.toContain("RUN echo never");
    expect(await digestOf(failed.name)).toBeUndefined();
    await remove(image);
  });

  test("of a build that prints 480 MB, the last of it is kept, and the reconciler's memory stays flat", async () => {
    const { reconciler } = scene().berth;
    const before = residentBytes(reconciler.pid);
    let peak = before;
    const watching = setInterval(() => (peak = Math.max(peak, residentBytes(reconciler.pid))), 50);
    const id = newId();
    const image = await build([
      "FROM public/busybox:latest",
      `RUN yes "${"0123456789".repeat(12)}" | head -c 480000000; echo; echo the-very-last-${id}`,
    ]);
    await image.reaches("Ready", 2 * BUILD_MS);
    clearInterval(watching);
    const { text } = await logOf(image);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MIB + 200); // and a line that says so
    expect(text).toContain(`\nthe-very-last-${id}\n`);
    // What V8 takes for garbage until it collects it is 100 to 200 MB, however much is printed; held, it would be over 700.
    expect(peak - before, "bytes that the reconciler grew by").toBeLessThan(450 * MIB);
    await remove(image);
  }, 180_000);

  test("a build that is cancelled in the middle of a step ends soon, and leaves no container of it", async () => {
    const id = newId();
    const image = await build(["FROM public/busybox:latest", `RUN echo ${id} && sleep 100`]);
    await waitForStep(id);
    await admin.image.cancel.mutate(image.ref);
    expect((await image.reaches("Failed", 12_000)).message).toMatch(/cancelled/);
    await expect.poll(() => stepsOf(id), { timeout: 20_000 }).toEqual([]);
    expect((await logOf(image)).ended).toBe(true);
    await remove(image);
  });

  test("a builder that runs no containers keeps nothing of what it has built and pushed", async () => {
    const { machine_id, engine } = scene();
    await admin.machine.update.mutate({ machine_id, runs_containers: false });
    const listed = async (): Promise<string[]> =>
      (await engine.docker("images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"))
        .split("\n")
        .toSorted();
    const before = await listed();
    const image = await build(["FROM public/busybox:latest", `RUN echo ${newId()} > /one`, "RUN echo two > /two"]);
    const { name, digest } = await image.reaches("Ready", BUILD_MS);
    expect(await digestOf(name)).toBe(digest);
    await expect.poll(listed, { timeout: 20_000 }).toEqual(before);
    await admin.machine.update.mutate({ machine_id, runs_containers: true });
    await remove(image);
  });

  test("an image for several platforms is mirrored as the machine has it, and starts", async () => {
    const from = await publishForTwoPlatforms(scene().engine.registry, `elsewhere/${newId()}:1`);
    const { machine_id } = scene();
    const image = new WatchedImage(admin, await admin.image.mirror.mutate({ from, name: newName(), machine_id }));
    const { name, digest } = await image.reaches("Ready", BUILD_MS);
    expect(await digestOf(name)).toBe(digest);
    for (const one of scenes()) {
      const container = await one.run({ image_id: image.image_id });
      expect(await container.shell("cat /derived")).toContain("berth-test");
      await remove(container);
    }
    await remove(image);
  });

  test("an image is not deleted while one is built on it, which is named", async () => {
    const lower = await build(["FROM public/busybox:latest", "RUN echo one > /one"]);
    const { name: lowerName } = await lower.reaches("Ready", BUILD_MS);
    const upper = await build([`FROM ${lowerName}`, "RUN echo two > /two"]);
    const { name: upperName, layers } = await upper.reaches("Ready", BUILD_MS);
    expect(layers.map(({ shared }) => shared)).toEqual([...layers.slice(1).map(() => true), false]);
    await expect(admin.image.remove.mutate(lower.ref)).rejects.toThrow(upperName);
    await remove(upper, lower);
  });

  test("of a container that is saved, only its own layer is sent to the registry", async () => {
    const alice = await userOf(scene(), `a${newId()}`);
    const base = await build(["FROM public/busybox:latest", `RUN echo ${newId()} > /base`]);
    const { layers: baseLayers } = await base.reaches("Ready", BUILD_MS);
    const images: WatchedImage[] = [];
    for (const one of scenes()) {
      const container = await one.run({ image_id: base.image_id }, alice);
      await container.shell("echo own > /own");
      const saved = await alice.container.save.mutate({ ...container.ref, name: `w-${newId()}:1` });
      const image = new WatchedImage(alice, saved);
      images.push(image);
      const { name, digest, layers } = await image.reaches("Ready");
      expect(await digestOf(name)).toBe(digest);
      const arrived = await registry.arrivals(repositoryOf(name));
      const digestsOf = (how: string) => arrived.filter((blob) => blob.how === how).map((blob) => blob.digest);
      expect(digestsOf("mounted").toSorted()).toEqual(baseLayers.map((layer) => layer.digest).toSorted());
      const { config_digest } = (await registry.registry.describe(repositoryOf(name), digest ?? ""))!;
      const own = [layers.at(-1)?.digest ?? "", config_digest ?? ""];
      expect(digestsOf("pushed").toSorted()).toEqual(own.toSorted());
      await remove(container);
    }
    await remove(...images, base);
  });
});

const userOf = ({ berth }: Scene, account: string): Promise<BerthClient> => berth.server.registerUser(account);

const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
