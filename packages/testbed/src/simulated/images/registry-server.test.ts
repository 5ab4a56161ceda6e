import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../hex-id.ts";
import { ask } from "../raw-request.fixture.ts";
import { type SimulatedEngine, startSimulatedEngine } from "../simulated-engine.ts";
import { MANIFEST_TYPE } from "./image-manifest.ts";
import { manifestOf, tellReadOnlyStory } from "./registry-contract.fixture.ts";
import { serveRegistry } from "./registry-server.ts";
import { SimulatedRegistry } from "./simulated-registry.ts";

async function openLab() {
  const registry = new SimulatedRegistry({ isInventive: true });
  const server = await serveRegistry(registry);
  onTestFinished(() => server.close());
  const engines = await Promise.all([1, 2].map((number) => startEngine(registry, number)));
  const call = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://${server.address}/v2/${path}`, { method, ...init });
  return { registry, address: server.address, engines: engines as [SimulatedEngine, SimulatedEngine], call };
}

async function startEngine(registry: SimulatedRegistry, number: number): Promise<SimulatedEngine> {
  const engine = await startSimulatedEngine({
    name: `engine-${number}`,
    engine_id: `ID-${number}`,
    listen: { port: 0 },
    images: ["busybox:latest"],
    registry,
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** Commits what a container wrote and pushes it; returns the digest that the engine tells. */
async function save(engine: SimulatedEngine, name: string, tag: string, text: string): Promise<string> {
  const body = { Image: "busybox:latest", Cmd: ["sh", "-c", `echo ${text} > /work`] };
  const created = (await ask(engine, "POST", "/containers/create", body)).json() as { Id: string };
  await ask(engine, "POST", `/containers/${created.Id}/start`);
  await ask(engine, "POST", `/containers/${created.Id}/wait`);
  await ask(engine, "POST", `/commit?container=${created.Id}&repo=${name}&tag=${tag}`);
  return push(engine, name, tag);
}

async function push(engine: SimulatedEngine, name: string, tag: string): Promise<string> {
  const { text } = await ask(engine, "POST", `/images/${name}/push?tag=${tag}`);
  return /"Digest":"(sha256:[a-f0-9]{64})"/.exec(text)?.[1] ?? text;
}

const pull = (engine: SimulatedEngine, name: string) => ask(engine, "POST", `/images/create?fromImage=${name}`);
const accept = { headers: { accept: MANIFEST_TYPE } };

test("answers what one engine pushed, byte by byte under its digest, and another engine pulls it", async () => {
  const { address, engines, call } = await openLab();
  const digest = await save(engines[0], `${address}/alice/work`, "1", "kept");
  for (const reference of ["1", digest]) {
    const response = await call("GET", `alice/work/manifests/${reference}`, accept);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(digestOf(Buffer.from(await response.arrayBuffer()))).toBe(digest);
  }
  const manifest = (await (await call("GET", "alice/work/manifests/1", accept)).json()) as {
    config: { digest: string; size: number };
    layers: { digest: string; size: number }[];
  };
  const config = await call("GET", `alice/work/blobs/${manifest.config.digest}`);
  const text = await config.text();
  expect([digestOf(text), Buffer.byteLength(text)]).toEqual([manifest.config.digest, manifest.config.size]);
  expect(JSON.parse(text)).toMatchObject({ config: { Cmd: ["sh", "-c", "echo kept > /work"] } });
  for (const layer of manifest.layers) {
    const there = await call("HEAD", `alice/work/blobs/${layer.digest}`);
    expect([there.status, Number(there.headers.get("content-length"))]).toEqual([200, layer.size]);
  }
  expect((await pull(engines[1], `${address}/alice/work@${digest}`)).text).toContain("Status: Downloaded");
});

test("makes nothing up under its own address, whatever it makes up under others", async () => {
  const { address, engines } = await openLab();
  expect((await pull(engines[0], `${address}/alice/none:1`)).status).toBe(404);
  expect((await pull(engines[0], "registry.elsewhere:5000/alice/none:1")).status).toBe(200);
});

test("what was deleted is not pulled any more, under none of its tags", async () => {
  const { address, engines, call } = await openLab();
  const name = `${address}/alice/work`;
  const digest = await save(engines[0], name, "1", "old");
  await ask(engines[0], "POST", `/images/${name}:1/tag?repo=${name}&tag=2`);
  expect(await push(engines[0], name, "2")).toBe(digest);
  const other = await save(engines[0], name, "3", "new");
  expect((await call("DELETE", "alice/work/manifests/2")).status).toBe(400);
  expect((await call("DELETE", `alice/work/manifests/${digest}`)).status).toBe(202);
  for (const tag of ["1", "2"]) expect((await pull(engines[1], `${name}:${tag}`)).status).toBe(404);
  expect((await pull(engines[1], `${name}:3`)).text).toContain(other);
});

test("an image under a second name is the same one on the engines", async () => {
  const { address, engines, call } = await openLab();
  const digest = await save(engines[0], `${address}/alice/work`, "1", "shared");
  const text = await (await call("GET", `alice/work/manifests/${digest}`, accept)).text();
  const { config, layers } = JSON.parse(text) as { config: { digest: string }; layers: { digest: string }[] };
  for (const blob of [config, ...layers]) {
    const mounted = await call("POST", `public/work/blobs/uploads/?mount=${blob.digest}&from=alice/work`);
    expect(mounted.status).toBe(201);
  }
  const put = { body: text, headers: { "content-type": MANIFEST_TYPE } };
  expect((await call("PUT", "public/work/manifests/1", put)).status).toBe(201);
  await pull(engines[1], `${address}/public/work:1`);
  const body = { Image: `${address}/public/work:1`, Cmd: ["cat", "/work"], Tty: true };
  await ask(engines[1], "POST", "/containers/create?name=copy", body);
  await ask(engines[1], "POST", "/containers/copy/start");
  await ask(engines[1], "POST", "/containers/copy/wait");
  expect((await ask(engines[1], "GET", "/containers/copy/logs?stdout=1")).text).toBe("shared\r\n");
});

test("takes nothing while it is read-only, from an engine or a client, and still answers", async () => {
  const { registry, address, engines } = await openLab();
  const digest = await save(engines[0], `${address}/public/work`, "1", "kept");
  registry.isReadOnly = true;
  expect(await push(engines[0], `${address}/public/work`, "1")).toContain("errorDetail");
  expect((await tellReadOnlyStory(address)).map(({ status }) => status)).toEqual([405, 405, 405, 200, 404]);
  expect((await pull(engines[1], `${address}/public/work@${digest}`)).status).toBe(200);
});

test("an empty manifest that replaces a tag can be deleted without the other tag's image", async () => {
  const { address, engines, call } = await openLab();
  const name = `${address}/alice/work`;
  await save(engines[0], name, "1", "kept");
  await ask(engines[0], "POST", `/images/${name}:1/tag?repo=${name}&tag=2`);
  await push(engines[0], name, "2");
  const manifest = manifestOf([]);
  const config = (JSON.parse(manifest) as { config: { digest: string } }).config.digest;
  const begun = await call("POST", "alice/work/blobs/uploads/");
  const content = JSON.stringify({ architecture: "amd64", os: "linux", config: { Cmd: ["true"] }, rootfs: {} });
  await fetch(`${begun.headers.get("location")}&digest=${config}`, { method: "PUT", body: content });
  await call("PUT", "alice/work/manifests/2", { body: manifest, headers: { "content-type": MANIFEST_TYPE } });
  expect((await call("DELETE", `alice/work/manifests/${digestOf(manifest)}`)).status).toBe(202);
  expect(await (await call("GET", "alice/work/tags/list")).json()).toEqual({ name: "alice/work", tags: ["1"] });
  expect((await pull(engines[1], `${name}:1`)).status).toBe(200);
});
