import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import { startRegistryServer } from "./registry-server.fixture.ts";

const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const NOWHERE = `sha256:${"0".repeat(64)}`;
const digestOf = (content: string | Buffer) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

test("says who it is to the registry, and asks for no more than the call needs", async () => {
  const asked: object[] = [];
  let sent: string | undefined;
  const { registry } = await startRegistryServer(
    (request, response) => {
      sent = request.headers.authorization;
      response.writeHead(202).end();
    },
    async (access) => {
      asked.push(...access);
      return "t0ken";
    },
  );
  expect(await registry.deleteManifest("alice/x", NOWHERE)).toBe(true);
  expect(sent).toBe("Bearer t0ken");
  expect(asked).toEqual([{ type: "repository", name: "alice/x", actions: ["delete"] }]);
});

test.each([
  [401, "rejected"],
  [403, "rejected"],
  [405, "read_only"],
  [429, "failed"],
  [500, "failed"],
  [503, "failed"],
  [400, "protocol"],
  [307, "protocol"],
])("tells by %i that it is %s", async (status, kind) => {
  const { registry, requests } = await startRegistryServer((_, response) => {
    const body = JSON.stringify({ errors: [{ code: "UNSUPPORTED", message: "the reason" }] });
    response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end(body);
  });
  await expect(registry.deleteManifest("a/b", NOWHERE)).rejects.toMatchObject({
    kind,
    status,
    ...(status >= 400 && { message: expect.stringContaining("the reason") }),
  });
  expect(requests).toHaveLength(1);
});

test("does not take any server for a registry", async () => {
  const { registry } = await startRegistryServer((_, response) => response.end("<h1>It works!</h1>"));
  await expect(registry.check()).rejects.toMatchObject({ kind: "protocol" });
});

test("follows a list page by page, and sorts what an old registry does not", async () => {
  const { registry, requests } = await startRegistryServer((request, response) => {
    if (request.url?.includes("last=")) return response.end(JSON.stringify({ tags: ["a", "c"] }));
    response.setHeader("Link", '</v2/a/b/tags/list?last=b&n=500>; rel="next"');
    return response.end(JSON.stringify({ tags: ["d", "b"] }));
  });
  expect(await registry.listTags("a/b")).toEqual(["a", "b", "c", "d"]);
  expect(requests).toEqual(["GET /v2/a/b/tags/list?n=500", "GET /v2/a/b/tags/list?last=b&n=500"]);
});

test("takes a list's next page from nobody else", async () => {
  const other = await startRegistryServer((_, response) => response.end('{"tags":["stolen"]}'));
  const { registry } = await startRegistryServer((request, response) => {
    if (!request.url?.includes("last=")) response.setHeader("Link", `<${other.url}/v2/x?last=b>; rel="next"`);
    response.end('{"tags":["own"]}');
  });
  expect(await registry.listTags("a/b")).toEqual(["own"]);
  expect(other.requests).toEqual([]);
});

test("knows an emptied repository", async () => {
  const { registry } = await startRegistryServer((_, response) => response.end('{"name":"a/b","tags":null}'));
  expect(await registry.listTags("a/b")).toEqual([]);
});

test("copies the bytes of a blob that it may not mount", async () => {
  const layer = Buffer.alloc(3_000_000, "layer ");
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { digest: digestOf("{}"), size: 2 },
    layers: [{ digest: digestOf(layer), size: layer.length }],
  });
  const received = new Map<string, Buffer>();
  const { registry, requests } = await startRegistryServer((request, response) => {
    const url = new URL(request.url ?? "", "http://registry");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "POST") {
        if (url.searchParams.get("mount") === digestOf("{}")) {
          return response.writeHead(201, { location: `/v2/to/b/blobs/${digestOf("{}")}` }).end();
        }
        return response.writeHead(202, { location: `http://elsewhere:1/v2/to/b/blobs/uploads/7?_state=s` }).end();
      }
      if (request.method === "PUT") {
        received.set(`${url.pathname} ${url.searchParams.get("digest")}`, Buffer.concat(chunks));
        const isManifest = url.pathname.includes("/manifests/");
        return response.writeHead(201, isManifest ? { "docker-content-digest": digestOf(manifest) } : {}).end();
      }
      if (url.pathname.includes("/blobs/")) return response.end(layer);
      return response.setHeader("content-type", DOCKER_MANIFEST).end(manifest);
    });
  });
  const copying = registry.copyManifest(
    { repository: "from/a", digest: digestOf(manifest) },
    { repository: "to/b", tag: "1" },
  );
  expect(await copying).toEqual({ digest: digestOf(manifest) });
  expect([...received.keys()]).toEqual([`/v2/to/b/blobs/uploads/7 ${digestOf(layer)}`, "/v2/to/b/manifests/1 null"]);
  expect(received.get(`/v2/to/b/blobs/uploads/7 ${digestOf(layer)}`)?.equals(layer)).toBe(true);
  expect(requests.filter((request) => request.startsWith("GET /v2/from/a/blobs/"))).toHaveLength(1);
});

test("gives a copy up in which nothing moves, and never one that is slow", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const layer = Buffer.alloc(20, "x");
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { digest: digestOf(layer), size: layer.length },
    layers: [],
  });
  let isStuck = false;
  let whenArrived = () => {};
  const { registry } = await startRegistryServer((request, response) => {
    const path = request.url ?? "";
    if (request.method === "POST") return response.writeHead(202, { location: "/v2/to/b/blobs/uploads/7" }).end();
    if (request.method === "PUT") {
      if (path.includes("/blobs/")) request.on("data", () => whenArrived());
      request.resume().on("end", () => response.writeHead(201, { "docker-content-digest": digestOf(manifest) }).end());
      return undefined;
    }
    if (!path.includes("/blobs/")) return response.setHeader("content-type", DOCKER_MANIFEST).end(manifest);
    response.writeHead(200, { "content-length": layer.length });
    let count = 0;
    const sendNext = () => response.write(layer.subarray(count, (count += 1)));
    whenArrived = () => {
      const isMoving = !isStuck || count < 4;
      vi.advanceTimersByTime(isMoving ? 200 : 300);
      if (!isMoving) return;
      if (count < layer.length) sendNext();
      else response.end();
    };
    return sendNext();
  });
  const copy = () =>
    registry.copyManifest(
      { repository: "from/a", digest: digestOf(manifest) },
      { repository: "to/b", tag: "1" },
      { stallTimeoutMs: 300 },
    );
  expect(await copy()).toEqual({ digest: digestOf(manifest) }); // in 4 s
  isStuck = true;
  await expect(copy()).rejects.toMatchObject({ kind: "unreachable" });
});

test("believes no manifest with another content than its digest", async () => {
  const config = { digest: NOWHERE, size: 2 };
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [] });
  const { registry } = await startRegistryServer(holdOnly(manifest));
  expect(await registry.describe("a/b", digestOf(manifest))).toMatchObject({ size_bytes: 2, config_digest: NOWHERE });
  await expect(registry.describe("a/b", NOWHERE)).rejects.toMatchObject({ kind: "protocol" });
});

test("tells how large the layers are that the registry holds, whatever their manifest says", async () => {
  const [held, elsewhere, foreign] = ["1", "2", "3"].map((letter) => `sha256:${letter.repeat(64)}`);
  const config = { digest: NOWHERE, size: 0 };
  const layers = [held, elsewhere, foreign, held].map((digest, index) => ({ digest, size: index }));
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers });
  const { registry, requests } = await startRegistryServer(
    holdOnly(manifest, {
      [NOWHERE]: (response) => response.setHeader("content-length", 500).end(),
      [held!]: (response) => response.setHeader("content-length", 10_000).end(),
      [elsewhere!]: (response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
    }),
  );
  expect(await registry.describe("a/b", digestOf(manifest))).toMatchObject({
    size_bytes: 500 + 10_000 + 1 + 2,
    layers: [
      { digest: held, size: 10_000 },
      { digest: elsewhere, size: 1 },
      { digest: foreign, size: 2 },
      { digest: held, size: 10_000 },
    ],
  });
  expect(requests.filter((request) => request.startsWith("HEAD"))).toHaveLength(4);
});

test.each([
  ["a layer of 2^53 - 1 bytes", [Number.MAX_SAFE_INTEGER]],
  ["very many large layers", Array<number>(900).fill(1024 ** 4)],
  ["more layers than an engine takes", Array<number>(1_200).fill(1)],
])("takes no image of %s", async (_, sizes) => {
  const layers = sizes.map((size, index) => ({ digest: digestOf(String(index)), size }));
  const manifest = JSON.stringify({ schemaVersion: 2, config: { digest: NOWHERE, size: 2 }, layers });
  const { registry, requests } = await startRegistryServer(holdOnly(manifest));
  await expect(registry.describe("a/b", digestOf(manifest))).rejects.toMatchObject({ kind: "protocol" });
  expect(requests).toHaveLength(1);
});

/** A registry of one manifest, which says of the blobs that it holds what is told here. */
function holdOnly(
  manifest: string,
  blobs: Record<string, (response: ServerResponse) => void> = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method, url = "" }, response) => {
    const blob = blobs[url.split("/").at(-1) ?? ""];
    if (method === "GET") response.setHeader("content-type", DOCKER_MANIFEST).end(manifest);
    else if (blob) blob(response);
    else response.writeHead(404).end();
  };
}

test("takes a signature for no image", async () => {
  const config = { mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: NOWHERE, size: 2 };
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [] });
  const { registry } = await startRegistryServer((_, response) =>
    response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json").end(manifest),
  );
  await expect(registry.describe("a/b", digestOf(manifest))).rejects.toMatchObject({ kind: "protocol" });
});

test("takes nothing that only looks like a name", async () => {
  const { registry, requests } = await startRegistryServer((_, response) => response.end("{}"));
  for (const name of ["../a", "a/b/../c", "A/b", "a b", "a/b?x=1", ""]) {
    await expect(registry.listTags(name)).rejects.toMatchObject({ kind: "protocol" });
  }
  await expect(registry.headManifest("a/b", "x/../../y")).rejects.toMatchObject({ kind: "protocol" });
  await expect(registry.deleteManifest("a/b", "latest")).rejects.toMatchObject({ kind: "protocol" });
  expect(requests).toEqual([]);
});

test("reads no endless answer", async () => {
  const { registry } = await startRegistryServer((_, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024, "x")));
    };
    response.on("drain", more);
    more();
  });
  await expect(registry.check()).rejects.toMatchObject({ kind: "protocol" });
});

test("does not take a cut list for a whole one", async () => {
  const { registry } = await startRegistryServer((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write('{"tags":[]}', () => response.destroy());
  });
  await expect(registry.listTags("a/b")).rejects.toMatchObject({ kind: "unreachable" });
});

test.each(["headers", "body"])("settles by its deadline where the %s never end", async (what) => {
  const { registry } = await startRegistryServer((_, response) => {
    if (what === "body") response.writeHead(200).write('{"ta');
  });
  const call = registry.listTags("a/b", { deadlineMs: 100 });
  await expect(call).rejects.toMatchObject({ kind: "unreachable", message: expect.stringContaining("0.1 s") });
});

test("settles by its deadline also where it waits for a connection, or for its token", async () => {
  const { registry, requests } = await startRegistryServer(() => {});
  const calls = Array.from({ length: 12 }, () => registry.check({ deadlineMs: 150 }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => "rejected"));
  expect(requests.length).toBeLessThan(12);

  const withoutToken = await startRegistryServer(
    (_, response) => response.end("{}"),
    () => new Promise(() => {}),
  );
  await expect(withoutToken.registry.check({ deadlineMs: 50 })).rejects.toMatchObject({ kind: "unreachable" });
});

test("ends a call when its caller cancels, and when the registry is closed", async () => {
  const arrived = Promise.withResolvers<void>();
  const { registry } = await startRegistryServer(() => arrived.resolve());
  const stop = new AbortController();
  const cancelled = Promise.allSettled([registry.check({ signal: stop.signal })]);
  const ended = Promise.allSettled([registry.check()]);
  const outcome = [{ status: "rejected", reason: expect.objectContaining({ kind: "closed" }) }];
  await arrived.promise;
  stop.abort();
  expect(await cancelled).toEqual(outcome);
  registry.close();
  expect(await ended).toEqual(outcome);
  await expect(registry.check({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: "closed" });
});

test("keeps its connection, and repeats what met one that had just been closed", async () => {
  let isClosing = false;
  const server = await startRegistryServer((request, response) => {
    if (isClosing) {
      isClosing = false;
      request.socket.destroy();
    } else response.end("{}");
  });
  for (let count = 0; count < 5; count += 1) await server.registry.check();
  expect(server.connections.opened).toBe(1);
  isClosing = true;
  await server.registry.check();
  expect(server.connections.opened).toBe(2);
});

test("leaves nothing running after a call", async () => {
  const { registry } = await startRegistryServer((_, response) => response.end("{}"));
  const stop = new AbortController();
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  for (let count = 0; count < 20; count += 1) await registry.check({ signal: stop.signal });
  const after = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  expect(after).toBeLessThanOrEqual(before + 1); // the kept connection's own
});
