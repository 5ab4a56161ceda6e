import { randomBytes } from "node:crypto";
import { setTimeout as passes } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BuildRequest } from "@berth/docker/engine.ts";
import { contextOf } from "./build-context.ts";
import { relayEngine } from "./relayed-engine.ts";
import { type ContractTarget, eventually, openScratch, type Scratch } from "./scratch.ts";

const MEGABYTE = 1024 * 1024;
const PIECE = 64 * 1024;

export function describeBuilds(target: () => Promise<ContractTarget>): void {
  test("builds what the Dockerfile says, and shows it on the way", async () => {
    const scratch = await openScratch(target);
    const dockerfile = [
      `FROM ${scratch.image}`,
      "ARG COLOUR=grey",
      "ENV SHOWN=${COLOUR}",
      "WORKDIR /work",
      "COPY greeting parts/ ./",
      'RUN echo "I say: $COLOUR" && echo $COLOUR > /colour',
      "VOLUME /data",
      "EXPOSE 22 8888/tcp",
      'LABEL own="of the file"',
    ];
    const files = {
      "docker/Dockerfile": dockerfile.join("\n"),
      greeting: "hello\n",
      "parts/a": "a\n",
      "parts/b": "b\n",
    };
    const output: string[] = [];
    const request = wish(scratch, {
      dockerfile: "docker/Dockerfile",
      build_args: { COLOUR: "blue" },
      labels: { "berth-contract.given": 'a "quoted" $HOME\\ value' },
    });
    const { image_id } = await scratch.engine.buildImage(contextOf(files), request, {
      onOutput: (text) => output.push(text),
    });

    const shown = output.join("");
    expect(shown).toContain(`FROM ${scratch.image}\n`);
    expect(shown).toContain("\nI say: blue\n");
    expect(shown.indexOf("I say: blue")).toBeGreaterThan(shown.indexOf("COPY greeting"));
    const image = await scratch.engine.inspectImage(request.tag);
    const base = await scratch.engine.inspectImage(scratch.image);
    expect(image).toMatchObject({
      id: image_id,
      labels: { own: "of the file", "berth-contract.given": 'a "quoted" $HOME\\ value' },
      volumes: ["/data"],
    });
    expect(image.exposed_ports.toSorted()).toEqual(["22/tcp", "8888/tcp"]);
    expect(image.env).toContain("SHOWN=blue");
    expect(image.layers.slice(0, base.layers.length)).toEqual(base.layers);
    expect(image.layers.length).toBeGreaterThan(base.layers.length);

    const id = await scratch.start({ image: request.tag });
    const { stdout } = await scratch.engine.exec(id, ["sh", "-c", "cat greeting a b /colour; pwd"]);
    expect(Buffer.from(stdout).toString()).toBe("hello\na\nb\nblue\n/work\n");
    const { mounts, env, image_reference } = await scratch.engine.inspectContainer(id);
    expect(image_reference).toBe(request.tag);
    expect(env).toContain("SHOWN=blue");
    expect(mounts).toEqual([
      { type: "volume", destination: "/data", name: expect.stringMatching(/^[a-f0-9]{64}$/), read_only: false },
    ]);
    await scratch.end();
  });

  test("builds in stages, of which the last is the image", async () => {
    const scratch = await openScratch(target);
    const dockerfile = `FROM ${scratch.image} AS made\nRUN echo made > /made\nFROM ${scratch.image}\nCOPY --from=made /made /kept\n`;
    const request = wish(scratch);
    const { image_id } = await scratch.engine.buildImage(contextOf({ Dockerfile: dockerfile }), request);
    expect((await scratch.engine.inspectImage(request.tag)).id).toBe(image_id);
    const id = await scratch.start({ image: request.tag });
    const { stdout } = await scratch.engine.exec(id, ["sh", "-c", "cat /kept; test -e /made || echo left behind"]);
    expect(Buffer.from(stdout).toString()).toBe("made\nleft behind\n");
    await scratch.end();
  });

  test("says which step failed and why, and leaves neither an image nor a container", async () => {
    const scratch = await openScratch(target);
    const dockerfile = `FROM ${scratch.image}\n${label(scratch)}\nRUN echo before; exit 7\nRUN echo after\n`;
    const output: string[] = [];
    const request = wish(scratch);
    const build = scratch.engine.buildImage(contextOf({ Dockerfile: dockerfile }), request, {
      onOutput: (text) => output.push(text),
    });
    const message = "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7";
    await expect(build).rejects.toMatchObject({ kind: "failed", message });
    expect(output.join("")).toContain("\nbefore\n");
    expect(output.join("")).not.toContain("after");
    await expect(scratch.engine.inspectImage(request.tag)).rejects.toMatchObject({ kind: "not_found" });
    expect(await scratch.list()).toEqual([]);
  });

  test("refuses a Dockerfile that is none, or is not there", async () => {
    const scratch = await openScratch(target);
    const build = (files: Record<string, string>, more: Partial<BuildRequest> = {}) =>
      scratch.engine.buildImage(contextOf(files), wish(scratch, more));
    await expect(build({ Dockerfile: `FROM ${scratch.image}\nNOPE x\n` })).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("unknown instruction: NOPE"),
    });
    await expect(build({ Dockerfile: "\n" })).rejects.toMatchObject({ kind: "rejected" });
    await expect(build({ other: "x" })).rejects.toMatchObject({
      message: expect.stringContaining("Cannot locate specified Dockerfile"),
    });
    await expect(build({ Dockerfile: `FROM ${scratch.image}\nCOPY absent /\n` })).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("COPY failed: file not found in build context"),
    });
    const withMount = `FROM ${scratch.image}\nRUN --mount=type=cache,target=/x true\n`;
    await expect(build({ Dockerfile: withMount })).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("requires BuildKit"),
    });
  });

  test("starts from an image that only the registry has, and fails where that has none", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { pullable } = scratch.target;
    if (!pullable) return skip("this engine has nothing to pull from");
    await scratch.removeImageLater(pullable);
    const build = (from: string, onOutput?: (text: string) => void) =>
      scratch.engine.buildImage(
        contextOf({ Dockerfile: `FROM ${from}\nENV A=b\n` }),
        wish(scratch),
        onOutput ? { onOutput } : {},
      );
    const output: string[] = [];
    await build(pullable, (text) => output.push(text));
    expect(output.join("")).toContain("Pulling from");
    expect((await scratch.engine.inspectImage(pullable)).tags).toContain(pullable);

    const absent = `${pullable.slice(0, pullable.lastIndexOf(":"))}-absent:v1`;
    await expect(build(absent)).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("not found"),
    });
    const nowhere = build(`127.0.0.1:1/berth-contract/${scratch.key}:v1`);
    await expect(nowhere).rejects.toMatchObject({
      kind: "failed",
      message: expect.stringContaining("connection refused"),
    });
  });

  test("ends in the engine when its caller cancels, with the container of the step under way", async () => {
    const scratch = await openScratch(target);
    const dockerfile = `FROM ${scratch.image}\n${label(scratch)}\nRUN echo started; sleep 600\n`;
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const request = wish(scratch);
    const build = scratch.engine.buildImage(contextOf({ Dockerfile: dockerfile }), request, {
      signal: stop.signal,
      onOutput: (text) => {
        if (text === "started\n") started.resolve();
      },
    });
    build.catch(started.reject);
    await started.promise;
    await eventually(async () => expect(await scratch.list()).toMatchObject([{ state: "running" }]));
    stop.abort();
    await expect(build).rejects.toMatchObject({ kind: "closed", sent: true });
    await eventually(async () => expect(await scratch.list()).toEqual([]));
    await expect(scratch.engine.inspectImage(request.tag)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("gives up at its deadline, and so does the engine", async () => {
    const scratch = await openScratch(target);
    const dockerfile = `FROM ${scratch.image}\n${label(scratch)}\nRUN echo started; sleep 600\n`;
    const build = scratch.engine.buildImage(contextOf({ Dockerfile: dockerfile }), wish(scratch), {
      deadlineMs: 2_000,
    });
    await expect(build).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
    await eventually(async () => expect(await scratch.list()).toEqual([]));
  });

  test("passes on all of an output of 20 MB", async () => {
    const scratch = await openScratch(target);
    const dockerfile = `FROM ${scratch.image}\nRUN seq 1 2600000\n`;
    let length = 0;
    let end = "";
    await scratch.engine.buildImage(contextOf({ Dockerfile: dockerfile }), wish(scratch), {
      onOutput: (text) => {
        length += text.length;
        end = (end + text).slice(-400);
      },
    });
    expect(length).toBeGreaterThan(19.6e6);
    expect(end).toContain("\n2599999\n2600000\n");
  });

  test("takes a context of some megabytes, and no faster than the engine does", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { wire } = scratch.target;
    if (!wire) return skip("no plain connection leads to this engine");
    const request = wish(scratch);
    const content = randomBytes(8 * MEGABYTE);
    let taken = 0;
    async function* context() {
      for await (const chunk of contextOf({ Dockerfile: `FROM ${scratch.image}\nCOPY . /all\n`, content })) {
        for (let at = 0; at < chunk.length; at += PIECE) {
          yield chunk.subarray(at, at + PIECE);
          taken += Math.min(PIECE, chunk.length - at);
        }
      }
    }
    const { engine, hold } = await relayEngine(wire);
    await engine.ping();
    const release = hold();
    const build = engine.buildImage(context(), request);
    await standsStill(() => taken);
    expect(taken).toBeLessThan(content.length / 2);
    release();
    await build;
    expect(taken).toBeGreaterThan(content.length);
    const base = await scratch.engine.inspectImage(scratch.image);
    const { size_bytes } = await scratch.engine.inspectImage(request.tag);
    expect(size_bytes - base.size_bytes).toBeGreaterThanOrEqual(content.length);
  });

  test("makes nothing of a context that could not be read to its end", async () => {
    const scratch = await openScratch(target);
    const request = wish(scratch);
    async function* broken() {
      yield* contextOf({ Dockerfile: `FROM ${scratch.image}\nRUN true\n`, rest: Buffer.alloc(MEGABYTE) });
      await passes(1);
      throw new Error("the upload was cut");
    }
    const build = scratch.engine.buildImage(broken(), request);
    await expect(build).rejects.toMatchObject({ kind: "closed", cause: { message: "the upload was cut" } });
    await expect(scratch.engine.inspectImage(request.tag)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("hears an engine that refuses a context before it has read all of it", async () => {
    const scratch = await openScratch(target);
    async function* noTar() {
      for (let sent = 0; sent < 32; sent++) yield Buffer.alloc(MEGABYTE, "x");
    }
    const build = scratch.engine.buildImage(noTar(), wish(scratch));
    await expect(build).rejects.toMatchObject({ kind: "failed", message: "archive/tar: invalid tar header" });
  });
}

/** Waits until some of it has been taken, and no more is. */
async function standsStill(taken: () => number): Promise<void> {
  let was = 0;
  let looks = 0;
  await eventually(() => {
    looks = taken() > 0 && taken() === was ? looks + 1 : 0;
    was = taken();
    expect(looks).toBeGreaterThanOrEqual(10);
  });
}

function label({ labels }: Scratch): string {
  return Object.entries(labels)
    .map(([key, value]) => `LABEL ${key}=${value}`)
    .join("\n");
}

function wish(scratch: Scratch, more: Partial<BuildRequest> = {}): BuildRequest {
  const tag = `berth-contract/${scratch.key}:built`;
  void scratch.removeImageLater(tag);
  return { tag, dockerfile: "Dockerfile", build_args: {}, labels: {}, ...more };
}
