import { expect, onTestFinished, test, vi } from "vitest";
import { type Answer, CHUNKED_HEAD, chunk, startFaultServer } from "../transport/fault-server.fixture.ts";

const REFERENCE = "10.77.0.1:5000/public/base:v1";
const IMAGE = JSON.stringify({ Id: `sha256:${"a".repeat(64)}`, RepoTags: [REFERENCE], Size: 5, Os: "linux" });
const DONE = '{"status":"Status: Downloaded newer image for x"}\r\n';

/** An engine that answers a pull as told, and has the image. */
function pulling(answer: Answer): Answer {
  return (exchange) => {
    if (exchange.request.method === "POST") answer(exchange);
    else exchange.response.end(IMAGE);
  };
}

function streaming(...lines: (string | object)[]): Answer {
  return pulling(({ response }) => {
    for (const line of lines) response.write(typeof line === "string" ? line : `${JSON.stringify(line)}\r\n`);
    response.end();
  });
}

test("asks for repository and tag apart, and says the token in a header only", async () => {
  let header: string | string[] | undefined;
  await using server = await startFaultServer(
    pulling(({ request, response }) => {
      header = request.headers["x-registry-auth"];
      response.end(DONE);
    }),
  );
  expect(await server.engine.pullImage(REFERENCE, { registryToken: "s3cret" })).toMatchObject({ tags: [REFERENCE] });
  expect(JSON.parse(Buffer.from(String(header), "base64url").toString())).toEqual({ registrytoken: "s3cret" });
  expect(server.requests[0]).toBe("POST /v1.41/images/create?fromImage=10.77.0.1%3A5000%2Fpublic%2Fbase&tag=v1");
  expect(server.requests.join()).not.toContain("s3cret");
});

test("pulls by digest", async () => {
  await using server = await startFaultServer(streaming(DONE));
  const digest = `sha256:${"b".repeat(64)}`;
  await server.engine.pullImage(`public/base@${digest}`);
  expect(server.requests[0]).toContain(`fromImage=public%2Fbase&tag=${encodeURIComponent(digest)}`);
});

test("reports the sum of the layers", async () => {
  const steps: object[] = [];
  await using server = await startFaultServer(
    streaming(
      { id: "aaa", status: "Downloading", progressDetail: { current: 10, total: 100 } },
      { id: "bbb", status: "Downloading", progressDetail: { current: 0, total: 300 } },
      { id: "aaa", status: "Download complete", progressDetail: {} },
      { id: "bbb", status: "Downloading", progressDetail: { current: 150, total: 300 } },
      { id: "aaa", status: "Extracting", progressDetail: { current: 5, total: 100 } },
      DONE,
    ),
  );
  await server.engine.pullImage(REFERENCE, { onProgress: (step) => steps.push(step) });
  expect(steps.at(0)).toEqual({ current_bytes: 10, total_bytes: 100 });
  expect(steps.at(-1)).toEqual({ current_bytes: 250, total_bytes: 400 });
});

test.each([
  ["both", { errorDetail: { message: "layer is corrupt" }, error: "layer is corrupt" }],
  ["the new form", { errorDetail: { message: "layer is corrupt" } }],
  ["the old form", { error: "layer is corrupt" }],
])("finds an error in a stream that began well (%s)", async (_, line) => {
  await using server = await startFaultServer(streaming({ status: "Pulling" }, line));
  const pull = server.engine.pullImage(REFERENCE);
  await expect(pull).rejects.toMatchObject({ kind: "failed", message: "layer is corrupt" });
});

test("does not take a stream that just ends for a success", async () => {
  await using server = await startFaultServer(streaming({ status: "Pulling" }, '{"status":"Verifying"}'));
  await expect(server.engine.pullImage(REFERENCE)).rejects.toMatchObject({ kind: "protocol" });
});

test("does not take a stream that is cut for a success, not even after its last word", async () => {
  await using server = await startFaultServer(pulling(({ socket }) => socket.end(`${CHUNKED_HEAD}${chunk(DONE)}`)));
  await expect(server.engine.pullImage(REFERENCE)).rejects.toMatchObject({ kind: "unreachable" });
});

test("believes the engine's image, not the stream's last word", async () => {
  await using server = await startFaultServer(({ request, response }) => {
    if (request.method === "POST") response.end(DONE);
    else response.writeHead(404).end('{"message":"No such image"}');
  });
  await expect(server.engine.pullImage(REFERENCE)).rejects.toMatchObject({ kind: "failed" });
});

test.each([
  [404, "manifest for x:1 not found: manifest unknown: manifest unknown", "not_found"],
  [404, "pull access denied for x, repository does not exist or may require 'docker login'", "rejected"],
  [500, "Get https://x/v2/x/manifests/1: unauthorized: authentication required", "rejected"],
  [500, "Get https://x/v2/: dial tcp 10.77.0.1:5000: connect: connection refused", "failed"],
])("tells what a registry refuses from what is broken (%i %s)", async (status, message, kind) => {
  await using server = await startFaultServer(
    pulling(({ response }) => response.writeHead(status).end(JSON.stringify({ message }))),
  );
  await expect(server.engine.pullImage(REFERENCE)).rejects.toMatchObject({ kind, message, status });
});

test("gives up a pull in which nothing moves, however much the engine says about it", async () => {
  const still = { id: "aaa", status: "Downloading", progressDetail: { current: 10, total: 100 } };
  await using server = await startFaultServer(
    pulling(({ response }) => {
      let seconds = 0;
      const timer = setInterval(() => {
        seconds += 1;
        response.write(
          `${JSON.stringify(still)}\n${JSON.stringify({ id: "b", status: `Retrying in ${seconds} s` })}\n`,
        );
      }, 20);
      response.once("close", () => clearInterval(timer));
    }),
  );
  const pull = server.engine.pullImage(REFERENCE, { stallTimeoutMs: 200 });
  await expect(pull).rejects.toMatchObject({ kind: "unreachable", timedOut: true });
});

test("never gives up a slow pull that moves", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let move = () => {};
  await using server = await startFaultServer(
    pulling(({ response }) => {
      let current = 0;
      move = () => {
        if (current === 20) return response.end(DONE);
        current += 1;
        return response.write(
          `${JSON.stringify({ id: "aaa", status: "Downloading", progressDetail: { current, total: 20 } })}\n`,
        );
      };
      move();
    }),
  );
  const onProgress = () =>
    setImmediate(() => {
      vi.advanceTimersByTime(600);
      move();
    });
  const pull = server.engine.pullImage(REFERENCE, { stallTimeoutMs: 1_000, onProgress });
  expect(await pull).toMatchObject({ tags: [REFERENCE] });
});

test("holds a total limit where one is asked for", async () => {
  await using server = await startFaultServer(
    pulling(({ response }) => {
      let current = 0;
      const timer = setInterval(() => {
        current += 1;
        response.write(`${JSON.stringify({ id: "aaa", status: "Downloading", progressDetail: { current } })}\n`);
      }, 20);
      response.once("close", () => clearInterval(timer));
    }),
  );
  await expect(server.engine.pullImage(REFERENCE, { deadlineMs: 200 })).rejects.toMatchObject({ timedOut: true });
});

test("tells the engine to stop when its caller cancels", async () => {
  const stop = new AbortController();
  const isStopped = Promise.withResolvers<void>();
  await using server = await startFaultServer(
    pulling(({ response }) => {
      response.once("close", isStopped.resolve);
      response.write('{"status":"Pulling"}\n', () => stop.abort());
    }),
  );
  await expect(server.engine.pullImage(REFERENCE, { signal: stop.signal })).rejects.toMatchObject({ kind: "closed" });
  await isStopped.promise;
});
