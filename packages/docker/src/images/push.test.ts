import { expect, onTestFinished, test, vi } from "vitest";
import { type Answer, CHUNKED_HEAD, chunk, startFaultServer } from "../transport/fault-server.fixture.ts";

const REFERENCE = "10.77.0.1:5000/alice/work:v1";
const DIGEST = `sha256:${"a".repeat(64)}`;
const AUX = { progressDetail: {}, aux: { Tag: "v1", Digest: DIGEST, Size: 947 } };
const SAID = { status: `v1: digest: ${DIGEST} size: 947` };

function streaming(...lines: object[]): Answer {
  return ({ response }) => {
    for (const line of lines) response.write(`${JSON.stringify(line)}\r\n`);
    response.end();
  };
}

/** Says something anew every `ms`, until the client has gone. */
function repeating(ms: number, lineAt: (turn: number) => object): Answer {
  return ({ response }) => {
    let turn = 0;
    const timer = setInterval(() => response.write(`${JSON.stringify(lineAt((turn += 1)))}\n`), ms);
    response.once("close", () => clearInterval(timer));
  };
}

function pushing(id: string, current: number, total: number): object {
  return { id, status: "Pushing", progressDetail: { current, total } };
}

test.each(["a", "ab", "abc"])(
  "says the token in a header only, with the padding that Docker wants (%s)",
  async (token) => {
    let header = "";
    await using server = await startFaultServer((exchange) => {
      header = String(exchange.request.headers["x-registry-auth"]);
      streaming(AUX)(exchange);
    });
    await server.engine.pushImage(REFERENCE, { registryToken: token });
    expect(server.requests).toEqual(["POST /v1.41/images/10.77.0.1:5000/alice/work/push?tag=v1"]);
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ registrytoken: token });
    expect(header.length % 4).toBe(0);
  },
);

test("sends credentials also where there are none: Docker 20.10 refuses a push without", async () => {
  let header: unknown;
  await using server = await startFaultServer((exchange) => {
    header = exchange.request.headers["x-registry-auth"];
    streaming(AUX)(exchange);
  });
  await server.engine.pushImage(REFERENCE);
  expect(header).toBe(Buffer.from("{}").toString("base64"));
});

test.each([
  ["as data", [AUX]],
  ["in words, as the containerd store says it", [SAID]],
  ["in both ways", [SAID, AUX]],
])("takes the digest %s", async (_, lines) => {
  await using server = await startFaultServer(streaming({ status: "The push refers to repository [x]" }, ...lines));
  expect(await server.engine.pushImage(REFERENCE)).toEqual({ digest: DIGEST, size_bytes: 947 });
});

test("reports the sum of the layers that are sent, which never falls", async () => {
  const steps: object[] = [];
  await using server = await startFaultServer(
    streaming(
      { id: "aaa", status: "Preparing", progressDetail: {} },
      { id: "bbb", status: "Preparing", progressDetail: {} },
      { id: "ccc", status: "Layer already exists", progressDetail: {} },
      { id: "ddd", status: "Mounted from public/base", progressDetail: {} },
      pushing("aaa", 60, 100),
      pushing("bbb", 10, 300),
      { id: "aaa", status: "Retrying in 5 seconds", progressDetail: {} },
      pushing("aaa", 5, 100), // begun anew
      pushing("bbb", 310, 300), // the padding of the tar
      SAID,
    ),
  );
  await server.engine.pushImage(REFERENCE, { onProgress: (step) => steps.push(step) });
  expect(steps.at(-1)).toEqual({ current_bytes: 360, total_bytes: 400 });
});

test("counts a layer that is there as a whole one", async () => {
  const steps: object[] = [];
  const pushed = { id: "aaa", status: "Pushed", progressDetail: {} };
  await using server = await startFaultServer(streaming(pushing("aaa", 60, 100), pushed, AUX));
  await server.engine.pushImage(REFERENCE, { onProgress: (step) => steps.push(step) });
  expect(steps.at(-1)).toEqual({ current_bytes: 100, total_bytes: 100 });
});

test.each([
  ["both", { errorDetail: { message: "layer is corrupt" }, error: "layer is corrupt" }],
  ["the new form", { errorDetail: { message: "layer is corrupt" } }],
  ["the old form", { error: "layer is corrupt" }],
])("finds an error in a stream that began well, even after a digest (%s)", async (_, line) => {
  await using server = await startFaultServer(streaming(SAID, line));
  const push = server.engine.pushImage(REFERENCE);
  await expect(push).rejects.toMatchObject({ kind: "failed", message: "layer is corrupt" });
});

test.each([
  ["denied: requested access to the resource is denied", "rejected"],
  ["unauthorized: authentication required", "rejected"],
  ["error from registry: authentication required", "rejected"],
  ["push access denied, repository does not exist or may require authorization: server message: x", "rejected"],
  ["unknown: unexpected status from HEAD request to http://x/v2/a/blobs/sha256:1: 401 Unauthorized", "rejected"],
  ["tag does not exist: 10.77.0.1:5000/alice/work:v1", "not_found"],
  ["An image does not exist locally with the tag: 10.77.0.1:5000/alice/work", "not_found"],
  ['Get "https://10.77.0.1:5000/v2/": dial tcp 10.77.0.1:5000: connect: connection refused', "failed"],
])("tells what a registry refuses from what is broken (%s)", async (message, kind) => {
  await using server = await startFaultServer(streaming({ status: "Preparing" }, { errorDetail: { message } }));
  await expect(server.engine.pushImage(REFERENCE)).rejects.toMatchObject({ kind, message });
});

test("does not take a stream that just ends for a success", async () => {
  const other = { status: `v2: digest: ${DIGEST} size: 5` };
  await using server = await startFaultServer(streaming({ id: "aaa", status: "Pushed" }, other));
  await expect(server.engine.pushImage(REFERENCE)).rejects.toMatchObject({ kind: "protocol" });
});

test("does not take a stream that is cut for a success, not even after its last word", async () => {
  const cut = `${CHUNKED_HEAD}${chunk(`${JSON.stringify(AUX)}\n`)}`;
  await using server = await startFaultServer(({ socket }) => socket.end(cut));
  await expect(server.engine.pushImage(REFERENCE)).rejects.toMatchObject({ kind: "unreachable", sent: true });
});

test("gives up a push in which nothing moves, however much the engine says about it", async () => {
  await using server = await startFaultServer(
    repeating(20, (turn) =>
      turn % 2 === 0 ? pushing("aaa", 110, 100) : { id: "bbb", status: `Retrying in ${turn} seconds` },
    ),
  );
  const push = server.engine.pushImage(REFERENCE, { stallTimeoutMs: 200 });
  await expect(push).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
});

test("never gives up a slow push that moves", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let move = () => {};
  await using server = await startFaultServer(({ response }) => {
    let current = 0;
    move = () => {
      if (current === 20) return response.end(JSON.stringify(AUX));
      current += 1;
      return response.write(`${JSON.stringify(pushing("aaa", current, 20))}\n`);
    };
    move();
  });
  const onProgress = () =>
    setImmediate(() => {
      vi.advanceTimersByTime(600);
      move();
    });
  const pushed = await server.engine.pushImage(REFERENCE, { stallTimeoutMs: 1_000, onProgress });
  expect(pushed.digest).toBe(DIGEST);
});

test("tells the engine to stop when its caller cancels", async () => {
  const stop = new AbortController();
  const isStopped = Promise.withResolvers<void>();
  await using server = await startFaultServer(({ response }) => {
    response.once("close", isStopped.resolve);
    response.write('{"status":"Preparing"}\n', () => stop.abort());
  });
  await expect(server.engine.pushImage(REFERENCE, { signal: stop.signal })).rejects.toMatchObject({ kind: "closed" });
  await isStopped.promise;
});
