import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ClientChannel, SFTPWrapper } from "ssh2";
import { expect, onTestFinished, test, vi } from "vitest";
import { openGateway, openSftp, saidBy } from "../testing/open-gateway.ts";

const LARGE_BYTES = 1024 * 1024;

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-sftp-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const openFile = (sftp: SFTPWrapper, path: string): Promise<Buffer> =>
  promisify(
    sftp.open.bind(sftp) as (
      path: string,
      flags: "r",
      done: (error: Error | undefined, handle: Buffer) => void,
    ) => void,
  )(path, "r");

const readFile = (sftp: SFTPWrapper, handle: Buffer, offset: number): Promise<number> =>
  new Promise((resolve, reject) => {
    sftp.read(handle, Buffer.alloc(1_000), 0, 1_000, offset, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
  });

test("a file for which there is no command any more is refused, and the others go on", async () => {
  const folder = await openFolder();
  for (const name of ["a", "b"]) await writeFile(join(folder, name), Buffer.alloc(LARGE_BYTES));
  const { enter } = await openGateway({ commandsPerUser: 2 });
  const sftp = await openSftp(await enter());
  const [a, b] = [await openFile(sftp, join(folder, "a")), await openFile(sftp, join(folder, "b"))];
  expect(await readFile(sftp, a, 0)).toBe(1_000);
  await expect(readFile(sftp, b, 0)).rejects.toThrow("You have 2 commands and files open over ssh: close one first.");
  expect(await readFile(sftp, a, 1_000)).toBe(1_000);
  await new Promise((resolve) => sftp.close(a, resolve));
  expect(await readFile(sftp, b, 0)).toBe(1_000);
});

test("a channel has a hundred files open and no more, until one is closed", async () => {
  const path = join(await openFolder(), "file");
  await writeFile(path, "content");
  const { enter } = await openGateway();
  const sftp = await openSftp(await enter());
  const handles: Buffer[] = [];
  for (let count = 0; count < 100; count += 1) handles.push(await openFile(sftp, path));
  await expect(openFile(sftp, path)).rejects.toThrow("Too many files are open.");
  await new Promise((resolve) => sftp.close(handles[0]!, resolve));
  expect(await openFile(sftp, path)).toBeDefined();
});

test("what waits for a file to be readable ends when its client leaves", async () => {
  const pipe = join(await openFolder(), "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  const { enter, running } = await openGateway();
  const client = await enter();
  const sftp = await openSftp(client);
  const handle = await openFile(sftp, pipe);
  readFile(sftp, handle, 0).catch(() => {});
  await vi.waitFor(() => expect(running()).toHaveLength(2));
  client.end();
  await vi.waitFor(() => expect(running()).toEqual([]));
});

test("a channel whose shell has ended ends, instead of letting its client wait for an answer", async () => {
  const { enter, running } = await openGateway();
  const sftp = await openSftp(await enter());
  for (const command of running()) command.close();
  const asked = new Promise<void>((resolve, reject) => {
    sftp.stat("/", (error: Error | undefined) => (error ? reject(error) : resolve()));
  });
  await expect(asked).rejects.toThrow("No response from server");
});

test("what writes a file is ended, and its row goes, also where its connection to the machine was lost", async () => {
  const folder = await openFolder();
  const { enter, running, sql } = await openGateway();
  const client = await enter();
  const sftp = await openSftp(client);
  const handle = await promisify(
    sftp.open.bind(sftp) as (
      path: string,
      flags: "w",
      done: (error: Error | undefined, handle: Buffer) => void,
    ) => void,
  )(join(folder, "a"), "w");
  const write = (offset: number): Promise<void> =>
    new Promise((resolve, reject) => {
      sftp.write(handle, Buffer.alloc(32_768), 0, 32_768, offset, (error) => (error ? reject(error) : resolve()));
    });
  await write(0);
  expect(running()).toHaveLength(2);
  running()[1]?.lose();
  await expect(write(32_768)).rejects.toThrow();
  client.end();
  await vi.waitFor(async () => expect(await sql("SELECT 1 FROM terminals")).toEqual([]));
});

test.each([
  ["too long", [0xff, 0xff, 0xff, 0xff], "A packet of 4294967295 bytes is not taken."],
  ["empty", [0, 0, 0, 0], "A packet of 0 bytes is not taken."],
  ["cut off", [0, 0, 0, 1, 3], "The packet is cut off."],
])("a packet that is %s is its sender's fault, and no error in our log", async (_what, bytes, message) => {
  const { enter, lines } = await openGateway();
  const client = await enter();
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.subsys("sftp", (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const said = saidBy(channel);
  channel.write(Buffer.from(bytes));
  expect(await said).toBe(`berth: ${message}\r\n`);
  expect(lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
});
