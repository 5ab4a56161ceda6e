import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { readBlob } from "@berth/db/blobs/blob.ts";
import { sqlOf } from "@berth/db/client.ts";
import { tarGzOf, tarOf, unpack, zipOf } from "@berth/api/images/build-context/testing/archives.ts";
import type { Image, ImageRecipe } from "@berth/spec/image.ts";
import { watchHeldBytes } from "@berth/testbed/fleet/held-bytes.ts";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Client, type OpenRest, openRest } from "./testing/open-rest.ts";

const MIB = 1024 * 1024;
const PATH = "/api/images/build";
const DOCKERFILE: [string, string] = ["Dockerfile", "FROM debian:12"];

let rest: OpenRest;
let li: Client;
let admin: Client;
let number = 0;
const newName = (): string => `public/built:${(number += 1)}`;

beforeAll(async () => {
  rest = await openRest();
  li = await rest.addUser("li");
  admin = await rest.addUser("boss", "admin");
  await rest.addMachine("gpu-1");
  await rest.db.machines.updateMany({ data: { is_builder: true } });
});
afterAll(() => rest.close());
beforeEach(async () => {
  await rest.db.image_status.updateMany({ data: { phase: "Failed" } });
});

function formOf(fields: Record<string, string | Buffer>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([Buffer.from(value)]), "files");
  }
  return form;
}
const build = (fields: Record<string, string | Buffer>, as: Client | null = admin) =>
  rest.fetch("POST", PATH, { as, body: formOf(fields) });

async function filesOf(image: unknown): Promise<Record<string, string | null>> {
  const { recipe } = await rest.db.images.findUniqueOrThrow({ where: { image_id: (image as Image).image_id } });
  const { blob_id } = recipe as Extract<ImageRecipe, { type: "build" }>;
  const entries = await unpack(readBlob(sqlOf(rest.db), blob_id ?? ""));
  return Object.fromEntries(entries.map(([{ name }, content]) => [name, content]));
}

/** Files that this process holds open and that have no name any more. */
const keptUploads = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("/berth-upload-");
    } catch {
      return false; // the one that listed them
    }
  }).length;

test("takes a Dockerfile, or files of any kind, with objects as JSON, whatever the order of the parts", async () => {
  const alone = await build({ name: newName(), dockerfile: "FROM debian:12", create_params: '{"shm":64}' });
  expect(alone).toMatchObject({ status: 201, json: { phase: "Waiting", create_params: { shm: 64 } } });
  for (const context of [await tarOf([DOCKERFILE]), await tarGzOf([DOCKERFILE]), await zipOf([DOCKERFILE])]) {
    const first = await build({ context, name: newName(), build_args: '{"A":"1"}' });
    expect(first.status).toBe(201);
    expect(await filesOf(first.json)).toEqual({ Dockerfile: "FROM debian:12" });
    await rest.db.image_status.updateMany({ data: { phase: "Failed" } });
  }
  expect(keptUploads()).toBe(0);
});

test("a part that says of itself that it is JSON is read, and a chosen file that is empty is none", async () => {
  const form = formOf({ name: newName(), dockerfile: "FROM debian:12", context: Buffer.alloc(0) });
  form.append("create_params", new Blob(['{"shm":32}'], { type: "application/json" }));
  form.append("build_args", new Blob(['{"A":"b"}'], { type: "application/json" }));
  expect(await rest.fetch("POST", PATH, { as: admin, body: form })).toMatchObject({
    status: 201,
    json: { create_params: { shm: 32 } },
  });
  const boundary = "b";
  const part = (head: string, body: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
  const body =
    part(`name="name"`, newName()) +
    part(`name="dockerfile"`, "FROM debian:12") +
    part(`name="context"; filename=""\r\nContent-Type: application/octet-stream`, "") +
    part(`name="create_params"\r\nContent-Type: application/json`, '{"shm":32}') +
    `--${boundary}--\r\n`;
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
  expect(await rest.fetch("POST", PATH, { as: admin, body, headers })).toMatchObject({
    status: 201,
    json: { create_params: { shm: 32 } },
  });
  expect(keptUploads()).toBe(0);
});

test("says which field, line or entry is wrong, and keeps nothing", async () => {
  const blobs = await rest.db.blobs.count();
  const refused = async (fields: Record<string, string | Buffer>) => {
    const { status, json } = await build({ name: newName(), ...fields });
    return { status, ...(json as { error: object }).error };
  };
  const fields = (field: string) => ({ details: { fields: [expect.objectContaining({ field })] } });
  expect(await refused({ dockerfile: "FROM a:1", create_params: "{" })).toMatchObject({
    status: 400,
    ...fields("create_params"),
  });
  expect(await refused({ dockerfile: "FROM a:1", build_args: '{"1":"x"}' })).toMatchObject({
    status: 400,
    code: "BAD_REQUEST",
  });
  expect(await refused({ dockerfile: "FROM a:1", colour: "red", name: "li/own:1" })).toMatchObject({
    status: 400,
    ...fields("name"),
  });
  expect(await refused({})).toMatchObject({ status: 400, ...fields("dockerfile") });
  expect(await refused({ dockerfile: "FROM a:1\nRUN <<E\nE\n" })).toMatchObject({ status: 422, details: { line: 2 } });
  expect(await refused({ context: Buffer.from("nothing") })).toMatchObject({
    status: 422,
    details: { field: "context" },
  });
  expect(await refused({ context: Buffer.alloc(4_096, 7) })).toMatchObject({ status: 415 });
  expect(await refused({ context: await tarOf([DOCKERFILE, ["/etc/x", "x"]]) })).toMatchObject({
    status: 422,
    details: { entry: "/etc/x" },
  });
  expect(await refused({ context: await zipOf([["app/Dockerfile", "FROM a"]]) })).toMatchObject({
    details: { dockerfile: "app/Dockerfile" },
  });
  expect(await refused({ context: await tarOf([DOCKERFILE]), other: Buffer.from("x") })).toMatchObject({
    status: 400,
    ...fields("context"),
  });
  expect(await refused({ dockerfile: `FROM a:1\n${"#".repeat(MIB)}` })).toMatchObject({ status: 413 });
  expect(
    (await rest.fetch("POST", PATH, { as: admin, body: { name: newName(), dockerfile: "FROM a:1" } })).status,
  ).toBe(415);
  expect(await rest.db.blobs.count()).toBe(blobs);
  expect(keptUploads()).toBe(0);
});

test("the files of who may not build are not read", async () => {
  const context = await tarOf([DOCKERFILE]);
  expect(await build({ name: newName(), context }, li)).toMatchObject({ status: 403 });
  expect(await build({ name: newName(), context }, null)).toMatchObject({ status: 401 });
  // Whatever it is: nobody has looked at it.
  expect(
    await rest.fetch("POST", PATH, {
      as: li,
      body: "x",
      headers: { "content-type": "multipart/form-data; boundary=b" },
    }),
  ).toMatchObject({ status: 403 });
});

/** A request that is written by hand: its head, and a part of a form that begins with the file. */
async function openUpload(length: number | "chunked") {
  const { hostname, port } = new URL(rest.url);
  const socket = connect(Number(port), hostname);
  const sent = { socket, answer: "" };
  socket.on("data", (bytes) => (sent.answer += bytes.toString()));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const body = length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  socket.write(`POST ${PATH} HTTP/1.1\r\nHost: berth\r\nAuthorization: Bearer ${admin.token}\r\n${body}\r\n`);
  socket.write("Content-Type: multipart/form-data; boundary=b\r\n\r\n");
  return sent;
}
const FILE_HEAD = '--b\r\nContent-Disposition: form-data; name="context"; filename="a.tar"\r\n\r\n';

test("one that says that it is too large is refused before anything of it is read", async () => {
  const sent = await openUpload(600 * MIB);
  await vi.waitUntil(() => sent.answer !== "", { timeout: 10_000 });
  expect(sent.answer).toMatch(/^HTTP\/1.1 413 /);
  expect(sent.answer).toContain('"max_bytes":536870912');
  sent.socket.destroy();
});

test("one that breaks off leaves nothing behind", async () => {
  const blobs = await rest.db.blobs.count();
  for (const length of [100 * MIB, "chunked"] as const) {
    const sent = await openUpload(length);
    const head = FILE_HEAD + "x".repeat(MIB);
    sent.socket.write(length === "chunked" ? `${head.length.toString(16)}\r\n${head}\r\n` : head);
    await vi.waitUntil(() => keptUploads() === 1, { timeout: 10_000 });
    sent.socket.destroy();
    await vi.waitUntil(() => keptUploads() === 0, { timeout: 10_000 });
  }
  expect(await rest.db.blobs.count()).toBe(blobs);
  expect(rest.lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});

test("one of 300 MiB goes through without being held in memory", async () => {
  const size = 300 * MIB;
  const header = (await tarOf([["big", ""]])).subarray(0, 512);
  header.write(size.toString(8).padStart(11, "0"), 124, "latin1");
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  const tail = await tarOf([DOCKERFILE]);
  const grownBytes = watchHeldBytes();
  const name = newName();
  const fields = `\r\n--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n${name}\r\n--b--\r\n`;
  const length = FILE_HEAD.length + header.length + size + tail.length + fields.length;
  const sent = await openUpload(length);
  const chunk = Buffer.alloc(MIB);
  const write = async (bytes: Buffer | string): Promise<void> => {
    if (!sent.socket.write(bytes)) await once(sent.socket, "drain");
  };
  await write(FILE_HEAD);
  await write(header);
  for (let count = 0; count < 300; count += 1) {
    chunk.fill(count);
    await write(Buffer.from(chunk));
  }
  await write(tail);
  await write(fields);
  await vi.waitUntil(() => sent.answer !== "", { timeout: 100_000 });
  const grown = grownBytes();
  sent.socket.destroy();
  expect(sent.answer).toMatch(/^HTTP\/1.1 201 /);
  const blob = await rest.db.blobs.findFirstOrThrow({ orderBy: { created_at: "desc" } });
  expect(Number(blob.size)).toBeGreaterThan(size);
  expect(grown).toBeLessThan(size / 3);
  await rest.db.blobs.delete({ where: { blob_id: blob.blob_id } });
});
