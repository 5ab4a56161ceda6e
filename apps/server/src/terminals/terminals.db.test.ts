import { randomUUID } from "node:crypto";
import { type Duplex, duplexPair } from "node:stream";
import type { ApiServices } from "@berth/api/context.ts";
import { openInProcessApi } from "@berth/api/testing/in-process-api.ts";
import type { Engine } from "@berth/docker/engine.ts";
import { expect, onTestFinished, test } from "vitest";
import { createLog } from "../log.ts";
import { TERMINAL_LIMITS, type TerminalLimits, Terminals } from "./terminals.ts";

const SIZE = { cols: 80, rows: 24 };

/** Those of a server with these limits, and a container that runs, which its owner and an admin may open one in. */
async function openTerminals(limits: Partial<TerminalLimits>) {
  const api = await openInProcessApi();
  /** The other ends, of what runs in them. */
  const programs: Duplex[] = [];
  const calls: Pick<Engine, "openTerminal" | "exec"> = {
    async openTerminal() {
      const [stream, program] = duplexPair();
      programs.push(program.resume());
      return { stream, resize: async () => undefined, exitCode: async () => (program.writableEnded ? 0 : null) };
    },
    // Only to hang one up.
    async exec() {
      for (const program of programs) program.end();
      return { exit_code: 0, stdout: Buffer.of(), stderr: Buffer.of(), truncated: false };
    },
  };
  const engines = { engineOf: async () => calls as Engine } as unknown as ApiServices["engines"];
  const terminals = new Terminals({
    services: { ...api.services, engines },
    serverId: randomUUID(),
    log: createLog("silent"),
    limits: { ...TERMINAL_LIMITS, ...limits },
  });
  onTestFinished(async () => {
    await terminals.close();
    await api.close();
  });
  await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "busybox:latest" });
  const [owner, admin] = [await api.addUser("li"), await api.addUser("wang", "admin")];
  const { container_id } = await owner.api.container.create({ name: "train", image: "public/base:1" });
  const seen = { engine_id: "e".repeat(64) };
  await api.db.container_status.upsert({ where: { container_id }, create: { container_id, ...seen }, update: seen });
  const open = ({ actor }: typeof owner) => terminals.open({ actor, address: null }, container_id, SIZE);
  return { open, owner, admin, programs };
}

test("a user has so many terminals open and no more, until one has ended; others may open theirs", async () => {
  const { open, owner, admin, programs } = await openTerminals({ perUser: 1 });
  const { session } = await open(owner);
  await expect(open(owner)).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
    message: "You have 1 terminals open: close one first.",
  });
  expect(await open(admin)).toBeDefined();
  programs[0]!.end();
  await session.over;
  expect(await open(owner)).toBeDefined();
});

test("a container has so many terminals open and no more, whoever asks, until one has ended", async () => {
  const { open, owner, admin, programs } = await openTerminals({ perContainer: 1 });
  const { session } = await open(owner);
  await expect(open(admin)).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
    message: "This container has 1 terminals open: close one first.",
  });
  programs[0]!.end();
  await session.over;
  expect(await open(admin)).toBeDefined();
});
