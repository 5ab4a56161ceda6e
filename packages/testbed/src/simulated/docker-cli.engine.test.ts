import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCommand } from "../fleet/command-path.ts";
import { PULL_TEST_IMAGE, TEST_IMAGE, TEST_IMAGE_CONFIG } from "../fleet/test-image.ts";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { runSession, type SessionTarget } from "./command-line/run-session.ts";
import { readSessions, type Session } from "./command-line/session.ts";
import { type GenerationName, generationOf } from "./generation.ts";
import { parseReference } from "./images/image-reference.ts";
import { serveRegistry } from "./images/registry-server.ts";
import { SimulatedRegistry } from "./images/simulated-registry.ts";
import { startSimulatedEngine } from "./simulated-engine.ts";

const GENERATIONS: readonly GenerationName[] = ["28.5", "20.10"];
const FOLDER = new URL("command-line/sessions/", import.meta.url);
const REAL = GENERATIONS.filter((generation) =>
  sharedFleet()?.engines.some((engine) => engine.generation === generation),
);

/** Whose own words the sessions hold: another release of the client says some things differently. */
const CLIENT = /^Docker version 28\./;
const path = findCommand("docker");
const hasClient = path !== null && CLIENT.test(execFileSync(path, ["--version"], { encoding: "utf8" }));

describe.skipIf(!hasClient).each(GENERATIONS)("Docker's client on a simulated %s", (generation) => {
  let target: SessionTarget;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ target, close } = await openSimulated(generation));
  });
  afterAll(() => close());

  test.each(sessionsOf(generation))("$name", async (session) => {
    expect(await runSession(session, target)).toEqual(session);
  });
});

/** Engines of their own: what others have pulled there would be told. */
describe.skipIf(!hasClient || REAL.length === 0).each(REAL)("Docker's client on a real %s", (generation) => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ engines: [{ name: `cli-${generation.replace(".", "-")}`, generation }] });
  });
  afterAll(() => fleet?.close());

  test.each(sessionsOf(generation))("$name", async (session) => {
    const url = `unix://${fleet.engines[0]?.socket_path}`;
    const target = { url, image: TEST_IMAGE, registry: fleet.registry.address };
    expect(await runSession(session, target)).toEqual(session);
  });
});

function sessionsOf(generation: GenerationName): Session[] {
  return readdirSync(FOLDER)
    .toSorted()
    .flatMap((name) => readSessions(readFileSync(new URL(name, FOLDER), "utf8"), generation));
}

async function openSimulated(
  generation: GenerationName,
): Promise<{ target: SessionTarget; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "cli-"));
  const registry = new SimulatedRegistry();
  const server = await serveRegistry(registry);
  for (const name of [TEST_IMAGE, `${server.address}/${PULL_TEST_IMAGE}`]) {
    registry.publish(parseReference(name, generationOf(generation)), TEST_IMAGE_CONFIG);
  }
  const engine = await startSimulatedEngine({
    name: "cli",
    engine_id: "cli",
    generation,
    listen: { socket_path: join(folder, "engine.sock") },
    registry,
    images: [TEST_IMAGE],
  });
  return {
    target: { url: engine.url, image: TEST_IMAGE, registry: server.address },
    close: async () => {
      await engine.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
