import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "./shared-fleet.ts";
import type { FleetEngine } from "./engine.ts";
import { GENERATION_TRAITS } from "./generations.ts";
import type {} from "./global-setup.ts"; // declares what is injected
import { startFleet, type Fleet } from "./start-fleet.ts";
import { PULL_TEST_IMAGE, TEST_IMAGE } from "./test-image.ts";

const provided = sharedFleet();

/** Asks `/_ping` over TLS; null where nobody answers in `timeoutMs`. */
async function ping(engine: FleetEngine, client: { cert?: string; key?: string }, timeoutMs = 20_000) {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const url = `${engine.url.replace("tcp:", "https:")}/_ping`;
  const call = request(url, { ca: engine.tls.ca, ...client, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  call.on("error", reject);
  call.end();
  const answer = await Promise.race([promise, delay(timeoutMs, null)]);
  call.destroy();
  return answer;
}

describe.skipIf(provided === null)("a fleet of one's own, beside the run's", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const engines = provided?.engines.map(({ generation }) => ({
      name: `own-${generation.replace(".", "-")}`,
      generation,
    }));
    fleet = await startFleet({ engines: engines ?? [] });
  });
  afterAll(() => fleet?.close());

  test("has engines of the generations asked for, each with an id of its own", async () => {
    const infos = await Promise.all(
      fleet.engines.map((engine) => engine.docker("info", "-f", "{{.ID}} {{.Name}} {{.ServerVersion}} {{.Driver}}")),
    );
    const ids = infos.map((info) => info.split(" ")[0]);
    expect(new Set(ids).size).toBe(fleet.engines.length);
    for (const [index, engine] of fleet.engines.entries()) {
      const [, name, version, driver] = infos[index]?.trim().split(" ") ?? [];
      expect(name).toBe(engine.name);
      expect(version?.startsWith(GENERATION_TRAITS[engine.generation].version)).toBe(true);
      expect(driver).toBe(engine.generation === "28.5-containerd" ? "overlayfs" : "overlay2");
    }
  });

  test("answers over TLS to who has the client certificate, and to nobody else", async () => {
    for (const engine of fleet.engines) {
      expect(await ping(engine, engine.tls)).toBe(200);
      await expect(ping(engine, {})).rejects.toThrow();
    }
  });

  test("runs containers whose ports are reached at the engine's address", async () => {
    for (const engine of fleet.engines) {
      await engine.docker(
        "run",
        "-d",
        "--init",
        "--name",
        "web",
        "-p",
        "8080:80",
        TEST_IMAGE,
        "httpd",
        "-f",
        "-h",
        "/etc",
      );
      const isServed = () =>
        fetch(`http://${engine.address}:8080/passwd`).then(
          (answer) => answer.ok,
          () => false,
        );
      await expect.poll(isServed).toBe(true);
      await engine.docker("rm", "-f", "web");
    }
  });

  test("pulls from one registry by one address", async () => {
    const reference = `${fleet.registry.address}/${PULL_TEST_IMAGE}`;
    const digests = await Promise.all(
      fleet.engines.map(async (engine) => {
        await engine.docker("pull", "--quiet", reference);
        return engine.docker("image", "inspect", "-f", "{{index .RepoDigests 0}}", reference);
      }),
    );
    expect(new Set(digests).size).toBe(1);
    expect(digests[0]).toMatch(/@sha256:[0-9a-f]{64}\n$/);
  });

  test("comes back after dockerd's stop, its kill, and a power cut, with its containers still known", async () => {
    await Promise.all(
      fleet.engines.map(async (engine) => {
        const id = await engine.docker("run", "-d", "--init", TEST_IMAGE, "sleep", "1000");
        const refuses = () => expect(ping(engine, engine.tls)).rejects.toThrow();
        // Nobody is left there to refuse: the kernel says so only after a while.
        const isSilent = async () => expect(await ping(engine, engine.tls, 3_000).catch(() => null)).toBeNull();
        const ends: [() => Promise<void>, () => Promise<void>][] = [
          [() => engine.stop(), refuses],
          [() => engine.kill("SIGKILL"), refuses],
          [() => engine.cutPower(), isSilent],
        ];
        for (const [end, isDown] of ends) {
          await end();
          await isDown();
          await engine.start();
          expect(await engine.docker("ps", "-aq", "--no-trunc")).toBe(id);
          expect(await ping(engine, engine.tls)).toBe(200);
          await engine.docker("start", id.trim());
        }
      }),
    );
  });

  test("freezes and thaws", async () => {
    const [engine] = fleet.engines;
    if (!engine) throw new Error("the fleet is empty");
    await engine.kill("SIGSTOP");
    expect(await ping(engine, engine.tls, 300)).toBeNull();
    await engine.kill("SIGCONT");
    expect(await ping(engine, engine.tls)).toBe(200);
  });

  test("has a registry that comes back with what it held", async () => {
    const manifest = `http://${fleet.registry.address}/v2/berth-test/busybox/manifests/latest`;
    const headers = { accept: "application/vnd.docker.distribution.manifest.v2+json" };
    const before = await (await fetch(manifest, { headers })).text();
    await fleet.registry.kill();
    await expect(fetch(manifest)).rejects.toThrow();
    await fleet.registry.start();
    expect(await (await fetch(manifest, { headers })).text()).toBe(before);
  });
});
