import { execFile } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BerthClient } from "@berth/api/client.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findCommand } from "../fleet/command-path.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { type SimulatedEngine, startSimulatedEngine } from "../simulated/simulated-engine.ts";
import { passwordOf } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { SIMULATED_GPUS } from "./scenario-engine.ts";

/** The programs that docs/api.md shows, and the commands that each of them needs. */
const PROGRAMS = [
  { file: new URL("../../../api/examples/first-container.ts", import.meta.url), command: process.execPath, needs: [] },
  {
    file: new URL("../../../api/examples/first-container.sh", import.meta.url),
    command: "bash",
    needs: ["bash", "curl", "jq", "sha256sum"],
  },
  {
    file: new URL("../../../api/examples/first-container.py", import.meta.url),
    command: "python3",
    needs: ["python3"],
  },
].map((program) => ({ ...program, extension: extname(program.file.pathname).slice(1) }));

let engine: SimulatedEngine;
let berth: Berth;
let machine_id: string;

beforeAll(async () => {
  engine = await startSimulatedEngine({
    name: "gpu-1",
    engine_id: "SIMULATED:first",
    listen: { port: 0 },
    facts: { gpus: SIMULATED_GPUS },
    images: [TEST_IMAGE],
  });
  berth = await startBerth();
  ({ machine_id } = await berth.admin.machine.add.mutate({ url: engine.url, allow_insecure: true }));
  await berth.admin.image.add.mutate({
    name: "public/base:1",
    reference: TEST_IMAGE,
    create_params: {
      command: ["sh", "-c", "echo one; echo two; sleep 1000"],
      ports: [
        { name: "ssh", kind: "ssh", container_port: 22 },
        { name: "web", kind: "http", container_port: 80 },
      ],
    },
  });
});
afterAll(async () => {
  await berth.close();
  await engine.close();
});

describe.for(PROGRAMS)("first-container.$extension", ({ file, extension, command, needs }) => {
  const account = `with-${extension}`;
  const missing = needs.filter((name) => findCommand(name) === null);
  let owner: BerthClient;
  beforeAll(async () => {
    owner = await berth.server.registerUser(account);
  });
  beforeEach(({ skip }) => {
    if (missing.length > 0) skip(`not on this machine: ${missing.join(", ")}`);
  });

  const run = (env: Record<string, string> = {}): Promise<{ stdout: string }> =>
    promisify(execFile)(command, [fileURLToPath(file)], {
      env: {
        PATH: process.env["PATH"],
        BERTH_URL: berth.server.url,
        BERTH_ACCOUNT: account,
        BERTH_PASSWORD: passwordOf(account),
        ...env,
      },
    });
  const containers = async () => (await owner.container.list.query({})).items;

  test("runs a container, shows it, and deletes it", async () => {
    const { stdout } = await run();
    const [id] = /(?<=container )\d+(?= is recorded)/.exec(stdout) ?? [];
    // The other lines are phases that are passed through.
    expect(stdout.split("\n").filter((line) => /^(machine|container|connect|log)/.test(line))).toEqual([
      `machine ${machine_id} is online and has 2 GPUs`,
      `container ${id} is recorded`,
      `container ${id} runs`,
      expect.stringMatching(/^connect: ssh -p \d+ root@127\.0\.0\.1$/),
      expect.stringMatching(/^connect: http:\/\/127\.0\.0\.1:\d+$/),
      "log: one",
      "log: two",
      `container ${id} is stopped and deleted`,
    ]);
    await waitUntil("the container to be gone", 30_000, async () => (await containers()).length === 0);
  });

  test("leaves the container running where it is told to", async () => {
    const { stdout } = await run({ BERTH_KEEP: "1" });
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("log: two");
    expect(await containers()).toMatchObject([{ name: "first", phase: "Running", desired: "running" }]);
  });

  test("says what the server refuses", async () => {
    const refused = run({ BERTH_ACCOUNT: "nobody-of-that-name" });
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: "There is no user nobody-of-that-name.\n" });
    await expect(run({ BERTH_PASSWORD: "" })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Set BERTH_ACCOUNT and BERTH_PASSWORD."),
    });
  });
});
