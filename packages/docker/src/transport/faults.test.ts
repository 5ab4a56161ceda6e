import { afterEach, expect, test, vi } from "vitest";
import type { Engine } from "../engine.ts";
import { type Answer, CHUNKED_HEAD, chunk, startFaultServer } from "./fault-server.fixture.ts";

const ID = "0123456789ab";
const LISTED = {
  Id: ID.repeat(5),
  Names: ["/a"],
  Image: "busybox",
  ImageID: `sha256:${"b".repeat(64)}`,
  State: "running",
  Status: "Up 2 hours",
  Labels: {},
  Ports: [],
  Created: 1_700_000_000,
};

const list = (engine: Engine, deadlineMs?: number) =>
  engine.listContainers({ labels: {} }, deadlineMs === undefined ? {} : { deadlineMs });

/** Far below every deadline of the product's own, and far above what a busy machine adds. */
const AT_ONCE_MS = 5_000;

afterEach(() => vi.unstubAllEnvs());

/** Runs `call` against a server that answers as told, and returns its error and how long it took after the answer. */
async function failureOf(answer: Answer, call: (engine: Engine) => Promise<unknown>) {
  let answeredAt = performance.now();
  await using server = await startFaultServer((exchange) => {
    answeredAt = performance.now();
    answer(exchange);
  });
  const error: unknown = await call(server.engine).then(
    () => expect.unreachable("the call succeeded"),
    (cause: unknown) => cause,
  );
  return { error, tookMs: performance.now() - answeredAt, requests: server.requests };
}

test("settles at once when the connection ends in the middle of a chunked answer", async () => {
  const { error, tookMs } = await failureOf(
    ({ socket }) => socket.end(`${CHUNKED_HEAD}1000\r\n[{"Id":`),
    (engine) => list(engine),
  );
  expect(error).toMatchObject({ kind: "unreachable", sent: true, timedOut: false });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test("settles at once when the connection ends before the announced length", async () => {
  const { error, tookMs } = await failureOf(
    ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[]"),
    (engine) => list(engine),
  );
  expect(error).toMatchObject({ kind: "unreachable", sent: true });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test("settles at once when the connection is reset before an answer", async () => {
  const { error, tookMs } = await failureOf(
    ({ socket }) => socket.resetAndDestroy(),
    (engine) => engine.startContainer(ID),
  );
  expect(error).toMatchObject({ kind: "unreachable", sent: true });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test("settles at once when the connection is reset in the middle of an answer", async () => {
  const { error, tookMs } = await failureOf(
    ({ socket }) => socket.write(`${CHUNKED_HEAD}${chunk("[")}`, () => socket.resetAndDestroy()),
    (engine) => list(engine),
  );
  expect(error).toMatchObject({ kind: "unreachable", sent: true });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test.each([
  ["before its head", ""],
  ["in the middle of its head", "HTTP/1.1 200 OK\r\nConte"],
  ["in the middle of its body", `${CHUNKED_HEAD}${chunk("[")}`],
])("settles at its deadline when the answer stalls %s", async (_, head) => {
  let calledAt = 0;
  const { error } = await failureOf(
    ({ socket }) => socket.write(head),
    async (engine) => {
      await engine.ping(); // connected, so that the deadline is the answer's alone
      calledAt = performance.now();
      return list(engine, 200);
    },
  );
  const tookMs = performance.now() - calledAt;
  expect(error).toMatchObject({ kind: "unreachable", sent: true, timedOut: true });
  expect(tookMs).toBeGreaterThan(190); // timers may be a moment early
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test("holds the deadline against an answer that trickles for ever", async () => {
  const { error } = await failureOf(
    ({ socket }) => {
      socket.write(CHUNKED_HEAD);
      const timer = setInterval(() => socket.write(chunk(" ")), 10);
      socket.once("close", () => clearInterval(timer));
    },
    (engine) => list(engine, 200),
  );
  expect(error).toMatchObject({ kind: "unreachable", timedOut: true });
});

test("stops reading an answer that has no end", async () => {
  const block = chunk("x".repeat(4 * 1024 * 1024));
  const { error } = await failureOf(
    ({ socket }) => {
      socket.write(CHUNKED_HEAD);
      const more = () => {
        while (socket.writable && socket.write(block));
      };
      socket.on("drain", more);
      more();
    },
    (engine) => list(engine),
  );
  expect(error).toMatchObject({ kind: "protocol" });
});

test.each([301, 302, 307, 308])("refuses a redirect (%i) and follows it nowhere", async (status) => {
  const { error, requests } = await failureOf(
    ({ response }) => response.writeHead(status, { location: "/containers/elsewhere" }).end(),
    (engine) => engine.startContainer(ID),
  );
  expect(error).toMatchObject({ kind: "protocol", status });
  expect(requests).toEqual([`POST /v1.41/containers/${ID}/start`]);
});

test.each([200, 404, 500, 502])("takes no HTML for an answer of Docker's (HTTP %i)", async (status) => {
  const answer: Answer = ({ response }) => response.writeHead(status, { "content-type": "text/html" }).end("<html>");
  const calls = [list, (engine: Engine) => engine.inspectContainer(ID), (engine: Engine) => engine.startContainer(ID)];
  for (const call of calls) {
    const { error } = await failureOf(answer, (engine) => call(engine));
    expect(error).toMatchObject({ kind: "protocol" });
  }
});

test("never takes a list that was cut, or is none, for an empty one", async () => {
  const bodies = [`[${JSON.stringify(LISTED)},`, "", "null", "{}", '"[]"', "[null]", "[{}]", '{"message":"x"}'];
  for (const body of bodies) {
    const { error } = await failureOf(({ response }) => response.end(body), list);
    expect(error).toMatchObject({ kind: "protocol" });
  }
});

test.each(["null", "5", '"x"', "[]", "{}", '{"Id":"../x"}'])("takes %s for no id of a new container", async (body) => {
  const create = {
    Image: "busybox",
    Labels: {},
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: "no" as const },
      LogConfig: { Type: "json-file" as const, Config: {} },
    },
  };
  const { error } = await failureOf(
    ({ response }) => response.writeHead(201).end(body),
    (engine) => engine.createContainer("berth-test", create),
  );
  expect(error).toMatchObject({ kind: "protocol", sent: true });
});

test("survives JSON that is nested without end", async () => {
  const depth = 100_000;
  const deep = "[".repeat(depth) + "]".repeat(depth);
  const nested = await failureOf(({ response }) => response.end(deep), list);
  expect(nested.error).toMatchObject({ kind: "protocol" });
  const refused = await failureOf(
    ({ response }) => response.writeHead(500).end(`{"message":${deep}}`),
    (engine) => list(engine),
  );
  expect(refused.error).toMatchObject({ kind: "protocol", status: 500 });
});

test("refuses a switch of protocols that nobody asked for", async () => {
  const { error, tookMs } = await failureOf(
    ({ socket }) => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"),
    (engine) => list(engine),
  );
  expect(error).toMatchObject({ kind: "protocol" });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test("tells what does not speak HTTP from an engine", async () => {
  const { error } = await failureOf(({ socket }) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"), list);
  expect(error).toMatchObject({ kind: "protocol" });
});

test.each([
  [400, "rejected"],
  [403, "rejected"],
  [404, "not_found"],
  [409, "conflict"],
  [500, "failed"],
  [501, "rejected"],
  [503, "failed"],
])("maps Docker's refusal %i to %s, with its words", async (status, kind) => {
  const { error } = await failureOf(
    ({ response }) => response.writeHead(status).end(JSON.stringify({ message: "because" })),
    (engine) => engine.removeContainer(ID),
  );
  expect(error).toMatchObject({ kind, status, message: "because" });
});

test("does not take an unknown endpoint for an absent container", async () => {
  const { error } = await failureOf(
    ({ response }) => response.writeHead(404).end('{"message":"page not found"}'),
    (engine) => engine.inspectContainer(ID),
  );
  expect(error).toMatchObject({ kind: "protocol" });
});

test("counts 304, already so, as success", async () => {
  await using server = await startFaultServer(({ response }) => response.writeHead(304).end());
  await server.engine.startContainer(ID);
  await server.engine.stopContainer(ID, 1);
});

test("ends a call at its caller's signal, before and in the middle of an answer", async () => {
  for (const head of ["", `${CHUNKED_HEAD}${chunk("[")}`]) {
    const { error, tookMs } = await failureOf(
      ({ socket }) => socket.write(head),
      (engine) => engine.listContainers({ labels: {} }, { signal: AbortSignal.timeout(100) }),
    );
    expect(error).toMatchObject({ kind: "closed", timedOut: false });
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
  }
});

test("sends nothing for a caller who has given up already", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  const cancelled = server.engine.listContainers({ labels: {} }, { signal: AbortSignal.abort() });
  await expect(cancelled).rejects.toMatchObject({ kind: "closed", sent: false });
  expect(server.requests).toEqual([]);
  expect(server.pings).toBe(0);
});

test("ends all open calls when it is closed, and refuses later ones", async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await startFaultServer(() => arrived.resolve());
  const open = list(server.engine);
  await arrived.promise;
  server.engine.close();
  await expect(open).rejects.toMatchObject({ kind: "closed", sent: true });
  await expect(list(server.engine)).rejects.toMatchObject({ kind: "closed", sent: false });
  await expect.poll(() => server.connections.open).toBe(0);
});

test("is not led astray by DOCKER_HOST", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  vi.stubEnv("DOCKER_HOST", "not a url");
  expect(await list(server.engine)).toEqual([]);
});
