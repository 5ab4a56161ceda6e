import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine } from "@berth/docker/engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findCommand } from "../fleet/command-path.ts";
import { findCapabilities } from "../fleet/requirements.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { describeEngineContract } from "./engine-contract.ts";
import { rawRequests } from "./raw-requests.ts";
import { type SshServer, startSshServer } from "./ssh-server.ts";

const { generations } = await findCapabilities();
// It is the same engine as over TCP: one generation shows what depends on the way to it.
const isPossible = generations.includes("20.10") && findCommand("sshd") !== null;

describe.skipIf(!isPossible)("over ssh", () => {
  const { private_key, public_key } = makeSshKey("berth");
  let fleet: Fleet;
  let server: SshServer;
  let hostKey: string;
  beforeAll(async () => {
    fleet = await startFleet({ engines: [{ name: "by-ssh", generation: "20.10" }] });
    server = await startSshServer(theEngine(), public_key);
    hostKey = server.host_key;
  });
  afterAll(() => fleet?.close());

  const theEngine = () => {
    const [engine] = fleet.engines;
    if (!engine) throw new Error("the fleet has no engine");
    return engine;
  };
  const url = () => `ssh://root@${theEngine().address}:${server.port}`;
  const connect = (ssh: { private_key?: string; host_key: string | null; onHostKey?: (key: string) => void }): Engine =>
    connectEngine(parseEngineUrl(url(), { ssh: { private_key, ...ssh } }), { connectTimeoutMs: 15_000 });

  describeEngineContract("docker 20.10", async () => ({
    engine: connect({ host_key: hostKey }),
    image: "berth-test/busybox:latest",
    pullable: `${fleet.registry.address}/berth-test/busybox:derived`,
    raw: rawRequests({ kind: "unix", path: theEngine().socket_path }),
  }));

  function open(ssh: Parameters<typeof connect>[0]): Engine {
    const engine = connect(ssh);
    onTestFinished(() => engine.close());
    return engine;
  }

  test("many calls and streams share one connection, each at the cost of a few milliseconds", async () => {
    const engine = open({ host_key: hostKey });
    const before = server.countSignIns();
    await engine.ping();
    const times: number[] = [];
    for (let count = 0; count < 50; count += 1) {
      const began = performance.now();
      await engine.listContainers({ labels: {} });
      times.push(performance.now() - began);
    }
    await Promise.all(Array.from({ length: 50 }, () => engine.listContainers({ labels: {} })));
    expect(server.countSignIns() - before).toBe(1);
    const median = times.toSorted((a, b) => a - b)[25] ?? 0;
    console.log(`a list over ssh: median ${median.toFixed(1)} ms`);
    expect(median).toBeLessThan(100);
  });

  test("at the first meeting the server's key is told, and another one is refused later, with both named", async () => {
    const told: string[] = [];
    await open({ host_key: null, onHostKey: (key) => told.push(key) }).ping();
    expect(told).toEqual([hostKey]);
    const other = `SHA256:${"A".repeat(43)}`;
    const refused = open({ host_key: other }).ping();
    await expect(refused).rejects.toMatchObject({ kind: "rejected", sent: false });
    await expect(refused).rejects.toThrow(hostKey);
    await expect(refused).rejects.toThrow(other);
  });

  test("a key that the server does not know is refused, and says so", async () => {
    const engine = open({ host_key: hostKey, private_key: makeSshKey("stranger").private_key });
    // An sshd that has many connections to let in turns some away at once.
    const failure = () =>
      engine.ping().then(
        () => null,
        (error: unknown) => error,
      );
    await expect.poll(failure).toMatchObject({ kind: "rejected", sent: false });
    await expect.poll(async () => String(await failure())).toContain("does not let root in with Berth's key");
  });

  test("a connection that was cut is made again by the next call, and open streams end", async () => {
    const engine = open({ host_key: hostKey });
    await engine.ping();
    const events = engine.events({ labels: {}, signal: new AbortController().signal });
    const reading = events[Symbol.asyncIterator]().next();
    reading.catch(() => undefined);
    await engine.listContainers({ labels: {} });
    await server.cut();
    await expect(reading).rejects.toMatchObject({ name: "EngineError" });
    await expect.poll(() => engine.ping().then(() => "answers", String)).toBe("answers");
  });

  test("a server that was installed anew is not taken for the old one", async () => {
    const anew = await server.reinstall();
    expect(anew).not.toBe(hostKey);
    const refused = open({ host_key: hostKey }).ping();
    await expect(refused).rejects.toThrow(anew);
    await expect(refused).rejects.toThrow(hostKey);
  });
});
