import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { type InProcessApi, openInProcessApi } from "@berth/api/testing/in-process-api.ts";
import type { Engine, EngineCommand } from "@berth/docker/engine.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createLog } from "../log.ts";
import { type Client, type OpenRest, openRest } from "../rest/testing/open-rest.ts";
import { OpenTransfers } from "./open-transfers.ts";

describe("a transfer of files that is under way", () => {
  let rest: OpenRest;
  let admin: Client;
  let li: Client;
  let wang: Client;
  let container_id: number;
  let number = 0;
  /** Commands of transfers that nobody has hung up, by their mark. */
  const open = new Map<string, EngineCommand>();

  beforeAll(async () => {
    rest = await openRest({ services: { engines: { engineOf: async () => engineOfScripts(open) } } });
    admin = await rest.addUser("boss", "admin");
    await rest.addMachine("gpu-1");
    const image = { name: "public/base:1", reference: "registry.lab:5000/base:1" };
    await rest.fetch("POST", "/api/images", { as: admin, body: image });
  });
  afterAll(() => rest.close());
  beforeEach(async () => {
    number += 1;
    li = await rest.addUser(`li-${number}`);
    wang = await rest.addUser(`wang-${number}`, "admin");
    const body = { name: "train", image: "public/base:1" };
    const made = await rest.fetch("POST", "/api/containers", { as: li, body });
    ({ container_id } = made.json as { container_id: number });
    const engine_id = String(number).padStart(64, "0");
    await rest.db.container_status.upsert({
      where: { container_id },
      create: { container_id, engine_id },
      update: { engine_id },
    });
  });

  function begin(method: "GET" | "PUT", { token }: { token: string }): ClientRequest {
    const headers = { authorization: `Bearer ${token}`, ...(method === "PUT" && { "content-length": "1000000" }) };
    const url = `${rest.url}/files/containers/${container_id}?path=/data/file`;
    return httpRequest(url, { method, headers, agent: false });
  }
  /** Resolves once bytes have come; `isWhole` when no more do. */
  async function download(as: { token: string }): Promise<{ isWhole: Promise<boolean> }> {
    const [answer] = (await once(begin("GET", as).end(), "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    await once(answer, "data");
    const { promise: isWhole, resolve } = Promise.withResolvers<boolean>();
    answer.on("error", () => {}).once("close", () => resolve(answer.complete));
    answer.resume();
    return { isWhole };
  }
  const change = (as: Client, path: string, body: object) => rest.fetch("POST", path, { as, body });
  const makeToken = async (as: Client) =>
    (await change(as, "/api/user/api_tokens", { name: "mine", scope: "write" })).json as {
      token: string;
      token_id: number;
    };

  test.each<[string, () => Promise<{ by: { token: string }; ends: () => Promise<{ status: number }> }>]>([
    [
      "its user is disabled",
      async () => ({
        by: li,
        ends: () => rest.fetch("PATCH", `/api/users/${li.user_id}`, { as: admin, body: { disabled: true } }),
      }),
    ],
    [
      "its user's password is set anew",
      async () => ({
        by: li,
        ends: () => change(li, "/api/user/set_password", { user_id: li.user_id, new_password: "another hash" }),
      }),
    ],
    [
      "its API token is revoked",
      async () => {
        const by = await makeToken(li);
        return { by, ends: () => rest.fetch("DELETE", `/api/user/api_tokens/${by.token_id}`, { as: li }) };
      },
    ],
    [
      "its user is an admin no more",
      async () => ({
        by: wang,
        ends: () => rest.fetch("PATCH", `/api/users/${wang.user_id}`, { as: admin, body: { role: "user" } }),
      }),
    ],
  ])("ends where %s, and with it what reads in the container", async (_, scene) => {
    const { by, ends } = await scene();
    const { isWhole } = await download(by);
    expect(open.size).toBe(1);
    expect((await ends()).status).toBeLessThan(300);
    expect(await isWhole).toBe(false);
    await expect.poll(() => open.size).toBe(0);
  });

  test("ends where it is an upload, which is told why", async () => {
    const upload = begin("PUT", li);
    upload.write("the beginning");
    const answered = once(upload, "response");
    await expect.poll(() => open.size).toBe(1);
    await rest.fetch("PATCH", `/api/users/${li.user_id}`, { as: admin, body: { disabled: true } });
    const [answer] = (await answered) as [IncomingMessage];
    expect(answer.statusCode).toBe(401);
    upload.on("error", () => {}).destroy();
    await expect.poll(() => open.size).toBe(0);
  });

  test("is one of six of its user and of twelve of its container, until another has ended", async () => {
    const all: ClientRequest[] = [];
    const ask = async (as: Client) => {
      const asked = begin("GET", as).on("error", () => {});
      all.push(asked);
      const [answer] = (await once(asked.end(), "response")) as [IncomingMessage];
      answer.on("error", () => {});
      return { asked, answer };
    };
    onTestFinished(async () => {
      for (const asked of all) asked.destroy();
      await vi.waitFor(() => expect(open.size).toBe(0));
    });
    const refusalOf = async (as: Client) => {
      const { answer } = await ask(as);
      const { error } = (await json(answer)) as { error: object };
      return { status: answer.statusCode, ...error };
    };
    const opened = [];
    for (const as of [li, wang]) for (let count = 0; count < 6; count += 1) opened.push(await ask(as));
    expect(opened.map(({ answer }) => answer.statusCode)).toEqual(Array(12).fill(200));
    const refused = { status: 429, code: "TOO_MANY_REQUESTS", details: { retry_after_s: 5 } };
    expect(await refusalOf(li)).toEqual({ ...refused, message: "You have 6 files under way: wait for one to arrive." });
    const full = "12 files of this container are under way: wait for one to arrive.";
    expect(await refusalOf(admin)).toEqual({ ...refused, message: full });
    opened[0]!.asked.destroy();
    await expect.poll(async () => (await ask(admin)).answer.statusCode).toBe(200);
  });

  test("goes on where another token of its user ends", async () => {
    const other = await makeToken(li);
    const { isWhole } = await download(li);
    const revoked = await download(other);
    await rest.fetch("DELETE", `/api/user/api_tokens/${other.token_id}`, { as: li });
    expect(await revoked.isWhole).toBe(false);
    await expect.poll(() => open.size).toBe(1);
    await rest.fetch("PATCH", `/api/users/${li.user_id}`, { as: admin, body: { disabled: true } });
    expect(await isWhole).toBe(false);
  });
});

describe("without a notice of the database", () => {
  let api: InProcessApi;
  beforeAll(async () => {
    api = await openInProcessApi();
    await api.addMachine("gpu-1");
    await api.admin.image.add({ name: "public/base:1", reference: "busybox:latest" });
  });
  afterAll(() => api.close());

  test("the end of a sign-in is seen by the clock, and an access token that ran out is none", async () => {
    const { actor, api: caller } = await api.addUser("li");
    const { container_id } = await caller.container.create({ name: "train", image: "public/base:1" });
    const transfers = new OpenTransfers({ sql: api.services.sql, log: createLog("silent"), recheckMs: 20 });
    const ended = Promise.withResolvers<void>();
    const credential = { kind: "access_token", token_epoch: 0, expires_at: new Date(0) } as const;
    let hasEnded = false;
    void ended.promise.then(() => (hasEnded = true));
    transfers.enter({ actor: { ...actor, credential }, container_id, end: ended.resolve });
    await transfers.recheck(null);
    expect(hasEnded).toBe(false);
    await api.db.users.update({ where: { user_id: actor.user_id }, data: { disabled_at: new Date() } });
    await ended.promise;
    transfers.close();
  });
});

/** Runs the scripts of transfers: what is read has no end, and what is written is taken. */
function engineOfScripts(open: Map<string, EngineCommand>): Engine {
  const calls: Pick<Engine, "openCommand" | "exec"> = {
    async openCommand(_id, { command, env = [] }) {
      const mark = env[0]?.split("=")[1] ?? "";
      const isUpload = command.join(" ").includes("echo ready");
      const stdout = outputOf(isUpload).on("error", () => {});
      const over = Promise.withResolvers<{ exit_code: number | null }>();
      const opened: EngineCommand = {
        exec_id: "f".repeat(64),
        stdin: new PassThrough().resume(),
        stdout,
        stderr: new PassThrough(),
        wait: () => over.promise,
        close() {
          open.delete(mark);
          stdout.destroy();
          over.resolve({ exit_code: 129 });
        },
      };
      open.set(mark, opened);
      return opened;
    },
    // Of all that is run so, only what hangs a command up, by its mark.
    async exec(_id, command) {
      open.get(command.at(-1) ?? "")?.close();
      return { exit_code: 0, stdout: Buffer.of(), stderr: Buffer.of(), truncated: false };
    },
  };
  return calls as Engine;
}

/** The first line, and of what is read as much as is taken. */
function outputOf(isUpload: boolean): Readable {
  const output = new Readable({
    read() {
      if (!isUpload) setImmediate(() => output.push(Buffer.alloc(1_000)));
    },
  });
  output.push(isUpload ? "ready\n" : "file 1000000000000\n");
  return output;
}
