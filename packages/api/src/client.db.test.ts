import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createDb, type Db } from "@berth/db/client.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { type ApiServer, startApiServer } from "@berth/testbed/scenario/api-server.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createBerthClient } from "./client.ts";

const EXAMPLE = fileURLToPath(new URL("../examples/first-container.ts", import.meta.url));

let database: TestDatabase;
let db: Db;
let server: ApiServer;

beforeAll(async () => {
  database = await createTestDatabase();
  db = createDb(database.url);
  server = await startApiServer({ databaseUrl: database.url });
});
afterAll(async () => {
  await server.stop();
  await db.$disconnect();
  await database.drop();
});

test("signs in again when its token has ended", async () => {
  const li = await server.registerUser("li");
  expect(await li.auth.me.query()).toMatchObject({ account: "li" });
  await db.users.update({ where: { account: "li" }, data: { token_epoch: { increment: 1 } } });
  expect(await li.auth.me.query()).toMatchObject({ account: "li" });
});

test("throws what the server says, with its code and details", async () => {
  const wang = await server.registerUser("wang");
  await expect(wang.container.get.query({ container_id: 12_345 })).rejects.toMatchObject({
    name: "BerthClientError",
    code: "NOT_FOUND",
    message: "There is no container 12345.",
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  await expect(wang.container.create.mutate({ name: "-", image: "public/base:1" })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    details: { fields: [{ field: "name" }] },
  });
});

test("throws what is said before a procedure is reached", async () => {
  const large = createBerthClient({ url: server.url }).auth.login.mutate({
    account: "x".repeat(2 ** 20),
    password: "",
  });
  await expect(large).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
});

test("says so where something else than Berth answers", async () => {
  const stranger = createServer((_request, response) => response.end("<h1>It works</h1>")).listen(0, "127.0.0.1");
  await once(stranger, "listening");
  const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  await expect(createBerthClient({ url, token: "t" }).auth.me.query()).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: `${url} answered 200, and not as Berth does`,
  });
  stranger.close();
});

test("the example goes from an account to a running container", async () => {
  await db.machines.create({
    data: {
      machine_id: "ENGINE-1",
      name: "gpu-1",
      url: "tcp://10.77.0.2:2376",
      port_first: 20_000,
      port_last: 20_100,
      marker_uuid: "11111111-1111-4111-8111-111111111111",
      status: { create: { online: true } },
    },
  });
  const ports = [{ name: "ssh", kind: "ssh", container_port: 22 } as const];
  await server.admin.image.add.mutate({
    name: "public/base:1",
    reference: "lab:5000/base:1",
    create_params: { ports },
  });
  await server.registerUser("zhao");
  const child = spawn(process.execPath, [EXAMPLE], {
    env: { BERTH_URL: server.url, BERTH_ACCOUNT: "zhao", BERTH_PASSWORD: "zhao's password" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = text(child.stdout);
  const status = await vi.waitUntil(() => db.container_status.findFirst({ where: { container: { name: "first" } } }), {
    timeout: 20_000,
  });
  await db.container_status.update({
    where: { container_id: status.container_id },
    data: { running: true, phase: "Running" },
  });
  expect((await said).trim().split("\n")).toEqual([
    "machine gpu-1: online, 0 GPUs free",
    `container ${status.container_id} is recorded on ENGINE-1`,
    ...((await said).includes("Pending") ? ["Pending"] : []),
    `container ${status.container_id} runs`,
    "ssh -p 20000 root@10.77.0.2",
  ]);
});
