import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { BuildRequest } from "../engine.ts";
import { type Answer, CHUNKED_HEAD, chunk, startFaultServer } from "../transport/fault-server.fixture.ts";

const ID = `sha256:${"a".repeat(64)}`;
const BUILT = [
  { aux: { ID } },
  { stream: "Successfully built aaaaaaaaaaaa\n" },
  { stream: "Successfully tagged alice/work:v1\n" },
];
const REQUEST: BuildRequest = { tag: "alice/work:v1", dockerfile: "Dockerfile", build_args: {}, labels: {} };
const MEGABYTE = 1024 * 1024;

/** An engine that answers a build as told once it has read the context, and has the image. */
function building(answer: Answer): Answer {
  return (exchange) => {
    if (exchange.request.method === "GET") exchange.response.end(JSON.stringify({ Id: ID, Size: 5, Os: "linux" }));
    else exchange.request.resume().once("end", () => answer(exchange));
  };
}

function streaming(...lines: object[]): Answer {
  return building(({ response }) => {
    for (const line of lines) response.write(`${JSON.stringify(line)}\r\n`);
    response.end();
  });
}

async function* context(megabytes = 1): AsyncGenerator<Uint8Array, void, void> {
  for (let sent = 0; sent < megabytes; sent++) yield Buffer.alloc(MEGABYTE, sent);
}

test("sends the context as it is, and the rest in the query", async () => {
  let received: Buffer | undefined;
  let headers: Record<string, unknown> = {};
  await using server = await startFaultServer(({ request, response }) => {
    if (request.method === "GET") return void response.end(JSON.stringify({ Id: ID, Size: 5 }));
    headers = request.headers;
    void buffer(request).then((body) => {
      received = body;
      for (const line of BUILT) response.write(`${JSON.stringify(line)}\n`);
      response.end();
    });
  });
  const request = { ...REQUEST, build_args: { A: "1 & 2" }, labels: { l: "v" }, memory_bytes: 64 };
  const options = { registryTokens: { "10.77.0.1:5000": "s3cret" } };
  expect(await server.engine.buildImage(context(3), request, options)).toEqual({ image_id: ID });
  expect(received?.equals(await buffer(context(3)))).toBe(true);
  const { pathname, searchParams } = new URL(server.requests[0]?.split(" ")[1] ?? "", "http://engine");
  expect(pathname).toBe("/v1.41/build");
  expect(Object.fromEntries(searchParams)).toEqual({
    version: "1",
    t: "alice/work:v1",
    dockerfile: "Dockerfile",
    buildargs: '{"A":"1 & 2"}',
    labels: '{"l":"v"}',
    rm: "1",
    forcerm: "1",
    memory: "64",
    memswap: "64",
  });
  expect(headers).toMatchObject({ "content-type": "application/x-tar", "transfer-encoding": "chunked" });
  const credentials = Buffer.from(String(headers["x-registry-config"]), "base64url").toString();
  expect(JSON.parse(credentials)).toEqual({ "10.77.0.1:5000": { registrytoken: "s3cret" } });
  expect(server.requests.join()).not.toContain("s3cret");
});

test("lets the engine clone a git repository instead", async () => {
  await using server = await startFaultServer(streaming(...BUILT));
  await server.engine.buildImage(null, { ...REQUEST, remote: "https://git.lab/x.git#main" });
  expect(server.requests[0]).toContain(`remote=${encodeURIComponent("https://git.lab/x.git#main")}`);
  await expect(server.engine.buildImage(null, REQUEST)).rejects.toMatchObject({ kind: "rejected", sent: false });
});

test("passes output on, and of a base image's pull what is new", async () => {
  const output: string[] = [];
  await using server = await startFaultServer(
    streaming(
      { stream: "Step 1/1 : FROM x" },
      { stream: "\n" },
      { status: "Pulling from x", id: "v1" },
      { status: "Downloading", id: "aaa", progressDetail: { current: 1, total: 2 } },
      { status: "Downloading", id: "aaa", progressDetail: { current: 2, total: 2 } },
      { status: "Pull complete", id: "aaa" },
      { status: "Digest: sha256:1" },
      ...BUILT,
    ),
  );
  await server.engine.buildImage(context(), REQUEST, { onOutput: (text) => output.push(text) });
  expect(output.join("")).toBe(
    "Step 1/1 : FROM x\nv1: Pulling from x\naaa: Downloading\naaa: Pull complete\nDigest: sha256:1\n" +
      "Successfully built aaaaaaaaaaaa\nSuccessfully tagged alice/work:v1\n",
  );
});

test("takes the id of the last stage", async () => {
  const first = `sha256:${"b".repeat(64)}`;
  await using server = await startFaultServer(streaming({ aux: { ID: first } }, ...BUILT));
  await server.engine.buildImage(context(), REQUEST);
  expect(server.requests.at(-1)).toBe(`GET /v1.41/images/${ID}/json`);
});

test.each([
  ["both", { errorDetail: { code: 7, message: "returned a non-zero code: 7" }, error: "returned a non-zero code: 7" }],
  ["the old form", { error: "returned a non-zero code: 7" }],
])("says why a step failed (%s)", async (_, line) => {
  await using server = await startFaultServer(streaming({ stream: "Step 1/2 : FROM x\n" }, line));
  const build = server.engine.buildImage(context(), REQUEST);
  await expect(build).rejects.toMatchObject({ kind: "failed", message: "returned a non-zero code: 7" });
});

test("does not take a build that just ends, or names nothing, for a success", async () => {
  await using server = await startFaultServer(streaming({ stream: "Step 1/1 : FROM x\n" }, { aux: { ID } }));
  await expect(server.engine.buildImage(context(), REQUEST)).rejects.toMatchObject({ kind: "protocol" });
});

test("does not take a stream that is cut for a success, not even after its last word", async () => {
  const said = BUILT.map((line) => `${JSON.stringify(line)}\n`).join("");
  await using server = await startFaultServer(building(({ socket }) => socket.end(`${CHUNKED_HEAD}${chunk(said)}`)));
  await expect(server.engine.buildImage(context(), REQUEST)).rejects.toMatchObject({ kind: "unreachable" });
});

test("believes the engine's image, not the stream's last word", async () => {
  await using server = await startFaultServer(({ request, response }) => {
    if (request.method === "GET") return void response.writeHead(404).end('{"message":"No such image"}');
    request.resume().once("end", () => response.end(BUILT.map((line) => JSON.stringify(line)).join("\n")));
  });
  await expect(server.engine.buildImage(context(), REQUEST)).rejects.toMatchObject({ kind: "not_found" });
});

test("reads the context no faster than the engine takes it", async () => {
  let taken = 0;
  let isRead = (): void => {};
  async function* counted() {
    for await (const chunk of context(256)) {
      taken += 1;
      yield chunk;
    }
  }
  const waiting = Promise.withResolvers<void>();
  await using server = await startFaultServer(({ request, response }) => {
    if (request.method === "GET") return void response.end(JSON.stringify({ Id: ID, Size: 5 }));
    isRead = () => void request.resume();
    waiting.resolve();
    request.once("end", () => response.end(BUILT.map((line) => JSON.stringify(line)).join("\n")));
  });
  const build = server.engine.buildImage(counted(), REQUEST);
  await waiting.promise;
  await settled(() => taken);
  expect(taken).toBeLessThan(64);
  isRead();
  await build;
  expect(taken).toBe(256);
});

test("hears a refusal that comes before the context was read, and reads no more of it", async () => {
  const isOver = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(MEGABYTE);
    } finally {
      isOver.resolve();
    }
  }
  let received = 0;
  await using server = await startFaultServer(({ request, response }) => {
    response.writeHead(400).flushHeaders();
    request.on("error", () => {}).on("data", (chunk: Buffer) => (received += chunk.length));
    void settled(() => received).then(() => response.end('{"message":"invalid tag"}'));
  });
  const build = server.engine.buildImage(endless(), REQUEST);
  await expect(build).rejects.toMatchObject({ kind: "rejected", status: 400, message: "invalid tag" });
  await isOver.promise;
});

test("ends the request where the context can't be read to its end", async () => {
  const hasBegun = Promise.withResolvers<void>();
  const isWhole = Promise.withResolvers<boolean>();
  await using server = await startFaultServer(({ request }) => {
    request.on("error", () => {}).once("data", () => hasBegun.resolve());
    request.once("close", () => isWhole.resolve(request.complete));
  });
  async function* broken() {
    yield Buffer.alloc(MEGABYTE);
    await hasBegun.promise;
    throw new Error("the upload was cut");
  }
  const build = server.engine.buildImage(broken(), REQUEST);
  await expect(build).rejects.toMatchObject({ kind: "closed", cause: { message: "the upload was cut" } });
  expect(await isWhole.promise).toBe(false);
});

test("lets go of the context when its caller cancels while it is sent", async () => {
  const stop = new AbortController();
  const isOver = Promise.withResolvers<void>();
  await using server = await startFaultServer(({ request }) => void once(request, "data").then(() => stop.abort()));
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(MEGABYTE);
    } finally {
      isOver.resolve();
    }
  }
  const build = server.engine.buildImage(endless(), REQUEST, { signal: stop.signal });
  await expect(build).rejects.toMatchObject({ kind: "closed", sent: true });
  await isOver.promise;
});

test("lets go of the context where the connection is lost", async () => {
  const isOver = Promise.withResolvers<void>();
  async function* source() {
    try {
      yield* context(64);
    } finally {
      isOver.resolve();
    }
  }
  await using server = await startFaultServer(({ socket }) => void socket.destroy());
  const build = server.engine.buildImage(source(), REQUEST);
  await expect(build).rejects.toMatchObject({ kind: "unreachable", sent: true });
  await isOver.promise;
});

test("holds its deadline, which is the whole build's", async () => {
  await using server = await startFaultServer(
    building(({ response }) => {
      const timer = setInterval(() => response.write('{"stream":"still here\\n"}\n'), 20);
      response.once("close", () => clearInterval(timer));
    }),
  );
  const build = server.engine.buildImage(context(), REQUEST, { deadlineMs: 300 });
  await expect(build).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
});

test("holds a limit of silence where one is asked for, and none otherwise", async () => {
  await using server = await startFaultServer(
    building(({ response }) => {
      response.write('{"stream":"Step 1/1 : RUN sleep\\n"}\n');
      const timer = setTimeout(() => response.end(BUILT.map((line) => JSON.stringify(line)).join("\n")), 600);
      response.once("close", () => clearTimeout(timer));
    }),
  );
  const silent = server.engine.buildImage(context(), REQUEST, { stallTimeoutMs: 150 });
  await expect(silent).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
  expect(await server.engine.buildImage(context(), REQUEST)).toEqual({ image_id: ID });
});

test("keeps nothing of an output of 200 MB", async () => {
  const line = `${JSON.stringify({ stream: `${"x".repeat(64 * 1024)}\n` })}\n`;
  await using server = await startFaultServer(
    building(({ response }) => {
      async function* output() {
        for (let sent = 0; sent < 3_200; sent++) yield line;
        for (const last of BUILT) yield `${JSON.stringify(last)}\n`;
      }
      Readable.from(output()).pipe(response);
    }),
  );
  let length = 0;
  const before = process.memoryUsage().rss;
  let most = before;
  await server.engine.buildImage(context(), REQUEST, {
    onOutput: (text) => {
      length += text.length;
      most = Math.max(most, process.memoryUsage.rss());
    },
  });
  expect(length).toBeGreaterThan(200e6);
  expect(most - before).toBeLessThan(150e6);
});

/** Waits until the figure has stayed the same for a while. */
async function settled(read: () => number): Promise<void> {
  let last = -1;
  while (last !== read()) {
    last = read();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
