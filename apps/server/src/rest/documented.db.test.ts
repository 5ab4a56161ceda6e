import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PIXEL } from "./testing/contract.ts";
import { type Client, type OpenRest, openRest, PASSWORD } from "./testing/open-rest.ts";

// Each endpoint of the document that programs were written by, as they send it, byte by byte where that matters.

let rest: OpenRest;
let li: Client;
let admin: Client;
let folder: string;

beforeAll(async () => {
  rest = await openRest();
  li = await rest.addUser("li");
  admin = await rest.addUser("boss", "admin");
  folder = await mkdtemp(join(tmpdir(), "berth-photo-"));
  await writeFile(join(folder, "account.png"), PIXEL);
});
afterAll(async () => {
  await rest.close();
  await rm(folder, { recursive: true });
});

const post = (path: string, body: unknown, as: Client | null = null) => rest.fetch("POST", path, { as, body });

test("login: 200 with a token, 401 for a wrong password, 404 for no such user", async () => {
  const right = await post("/api/auth/login", { account: "li", password: PASSWORD });
  expect(right.status).toBe(200);
  expect(right.json).toEqual({ access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) });
  const wrong = await post("/api/auth/login", { account: "li", password: "not a hash of it" });
  expect([wrong.status, (await post("/api/auth/login", { account: "nobody", password: PASSWORD })).status]).toEqual([
    401, 404,
  ]);
});

test("register: 200, then 409 for the same account", async () => {
  const body = { account: "wang", password: PASSWORD };
  const first = await post("/api/auth/register", body);
  expect(first).toMatchObject({ status: 200, json: { user_id: expect.any(Number), account: "wang" } });
  expect(await post("/api/auth/register", body)).toMatchObject({ status: 409, json: { error: { code: "CONFLICT" } } });
});

test("get_user: all of oneself, and no e-mail or phone of another", async () => {
  await post("/api/user/set_profile", { field: "email", value: "li@lab.example" }, li);
  await post("/api/user/set_profile", { phone: "+86 10 1234", nickname: "李" }, li);
  const whole = { user_id: li.user_id, account: "li", nickname: "李", email: "li@lab.example", phone: "+86 10 1234" };
  const own = await rest.fetch("GET", "/api/user/get_user/li", { as: li });
  expect(own).toMatchObject({ status: 200, json: whole });
  const zhao = await rest.addUser("zhao");
  const others = await rest.fetch("GET", "/api/user/get_user/li", { as: zhao });
  expect(others.json).toMatchObject({ ...whole, email: null, phone: null });
  expect((await rest.fetch("GET", "/api/user/get_user/ghost", { as: li })).status).toBe(404);
});

test("set_password: a new token for oneself, {} for an admin, and the old token is at once no good", async () => {
  const qian = await rest.addUser("qian");
  const own = await post("/api/user/set_password", { user_id: qian.user_id, new_password: "second hash" }, qian);
  const { access_token } = own.json as { access_token: string };
  expect((await rest.fetch("GET", "/api/user/me", { as: qian })).status).toBe(401);
  expect((await rest.fetch("GET", "/api/user/me", { as: { ...qian, token: access_token } })).status).toBe(200);
  const reset = await post("/api/user/set_password", { user_id: qian.user_id, new_password: "third hash" }, admin);
  expect(reset).toMatchObject({ status: 200, text: "{}" });
  expect(
    (await post("/api/user/set_password", { user_id: admin.user_id, new_password: "taken over" }, li)).status,
  ).toBe(403);
});

test("set_photo/custom: multipart with the odd headers, as the document shows it", async () => {
  const boundary = "----BerthBoundary7MA4YWxkTrZu0gW";
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="account.png"\r\nContent-Type: image/jpeg\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), PIXEL, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const upload = (headers: Record<string, string>, as = li) =>
    rest.fetch("POST", "/api/user/set_photo/custom", {
      as,
      body,
      headers: { "content-type": `multipart/form-data; boundary=${boundary}`, ...headers },
    });
  const own = await upload({ user_id: String(li.user_id), account: "li" });
  expect(own).toMatchObject({ status: 200, json: { photo: expect.stringMatching(/^\//) } });
  const { photo } = own.json as { photo: string };
  expect((await fetch(rest.url + photo)).headers.get("content-type")).toBe("image/webp");
  expect((await upload({})).status).toBe(200);
  expect((await upload({ user_id: String(admin.user_id) })).status).toBe(403);
  expect((await upload({ user_id: "one" })).status).toBe(400);
  expect((await upload({ user_id: String(li.user_id), account: "li" }, admin)).status).toBe(200);
});

test("set_photo/custom takes what curl sends", async () => {
  const headers = [`Authorization: Bearer ${li.token}`, `user_id: ${li.user_id}`, "account: li"];
  const form = ["-F", `photo=@${join(folder, "account.png")}`];
  const { stdout } = await promisify(execFile)("curl", [
    "-s",
    "-w",
    "\n%{http_code}",
    ...headers.flatMap((header) => ["-H", header]),
    ...form,
    `${rest.url}/api/user/set_photo/custom`,
  ]);
  const [answer = "", status] = stdout.split("\n");
  expect(status).toBe("200");
  expect(JSON.parse(answer)).toEqual({ photo: expect.any(String) });
});

test("set_photo/default: one of the pictures that are listed, and 404 for another", async () => {
  const { items } = (await rest.fetch("GET", "/api/user/default_photos", { as: li })).json as {
    items: { name: string; photo: string }[];
  };
  const [first] = items;
  const chosen = await post("/api/user/set_photo/default", { user_id: li.user_id, photo: first?.name }, li);
  expect(chosen).toMatchObject({ status: 200, text: "{}" });
  expect((await rest.fetch("GET", "/api/user/me", { as: li })).json).toMatchObject({ photo: first?.photo });
  const unknown = await post("/api/user/set_photo/default", { user_id: li.user_id, photo: "abc.png" }, li);
  expect(unknown.status).toBe(404);
});

test("machine/info: every machine by its id, gpu and cpu by their index, and nothing invented", async () => {
  for (const name of ["b", "a", "gone"]) await rest.addMachine(name);
  await rest.db.machines.update({ where: { machine_id: "ENGINE-gone" }, data: { state: "decommissioned" } });
  const cpu = { type: "Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", cores: 8 };
  await rest.db.machine_status.update({
    where: { machine_id: "ENGINE-a" },
    data: {
      gpus: [
        { uuid: "GPU-0", index: 0, type: "RTX 3060", memory: 10_240 },
        { uuid: "GPU-2", index: 2, type: "RTX 4090", memory: 24_564 },
      ],
      cpus: [cpu, cpu],
      disk: { total: 1024, free: 512 },
      memory: { total: 1024, free: 512 },
    },
  });
  await rest.db.machine_status.delete({ where: { machine_id: "ENGINE-b" } });
  const { status, json, text } = await rest.fetch("GET", "/api/machine/info", { as: li });
  expect(status).toBe(200);
  expect(text).toContain('"gpu":{"0":{"type":"RTX 3060","memory":10240},');
  expect(json).toEqual([
    {
      machine_id: "ENGINE-a",
      ip: "a",
      gpu: { "0": { type: "RTX 3060", memory: 10_240 }, "2": { type: "RTX 4090", memory: 24_564 } },
      cpu: { "0": cpu, "1": cpu },
      disk: { total: 1024, free: 512 },
      memory: { total: 1024, free: 512 },
      online: true,
    },
    { machine_id: "ENGINE-b", ip: "b", gpu: {}, cpu: {}, disk: null, memory: null, online: false },
  ]);
});
