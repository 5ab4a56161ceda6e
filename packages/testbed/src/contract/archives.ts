import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { extract, pack } from "tar-stream";
import { type ContractTarget, openScratch, type Scratch } from "./scratch.ts";

interface File {
  name: string;
  mode: number;
  type?: "directory";
  content?: string;
}

export function describeArchives(target: () => Promise<ContractTarget>): void {
  test("puts files into a running container, with their owners and modes, and reads them back", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const files: File[] = [
      { name: "kept/", mode: 0o700, type: "directory" },
      { name: "kept/secret", mode: 0o600, content: "of root\n" },
    ];
    await scratch.engine.putArchive(id, "/", await tarOf(files));
    expect(await textIn(scratch, id, "/kept/secret")).toBe("of root\n");
    const [entry, ...more] = await entriesOf(await scratch.engine.getArchive(id, "/kept/secret"));
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ name: "secret", mode: 0o600, uid: 0, gid: 0, content: "of root\n" });
  });

  test("puts files into a container that has not been started, which it then has", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    await scratch.engine.putArchive(id, "/tmp", await tarOf([{ name: "early", mode: 0o644, content: "early" }]));
    await scratch.engine.startContainer(id);
    expect(await textIn(scratch, id, "/tmp/early")).toBe("early");
  });

  test("puts a file in the place of the one that is there", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    for (const content of ["first, and longer", "second"]) {
      await scratch.engine.putArchive(id, "/", await tarOf([{ name: "twice", mode: 0o644, content }]));
    }
    expect(await textIn(scratch, id, "/twice")).toBe("second");
  });

  test("says which path or container is not there", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const tar = await tarOf([{ name: "a", mode: 0o644, content: "a" }]);
    await expect(scratch.engine.getArchive(id, "/no/such/file")).rejects.toMatchObject({ kind: "not_found" });
    await expect(scratch.engine.putArchive(id, "/no/such/folder", tar)).rejects.toMatchObject({ kind: "not_found" });
    const gone = "0123456789ab".repeat(5);
    await expect(scratch.engine.getArchive(gone, "/etc/passwd")).rejects.toMatchObject({ kind: "not_found" });
    await expect(scratch.engine.putArchive(gone, "/", tar)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("reads no more than it is told to", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    await scratch.engine.putArchive(id, "/", await tarOf([{ name: "big", mode: 0o644, content: "x".repeat(100_000) }]));
    await expect(scratch.engine.getArchive(id, "/big", { maxBytes: 50_000 })).rejects.toMatchObject({
      kind: "protocol",
    });
  });

  test("takes only absolute paths", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.create();
    await expect(scratch.engine.getArchive(id, "etc/passwd")).rejects.toMatchObject({ kind: "rejected", sent: false });
  });
}

async function textIn({ engine }: Scratch, id: string, path: string): Promise<string> {
  const { stdout, exit_code } = await engine.exec(id, ["cat", path]);
  expect(exit_code).toBe(0);
  return Buffer.from(stdout).toString();
}

async function tarOf(files: File[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = "", ...header } of files) tar.entry({ uid: 0, gid: 0, ...header }, content);
  tar.finalize();
  return buffer(tar);
}

async function entriesOf(tar: Uint8Array): Promise<object[]> {
  const entries = [];
  for await (const entry of Readable.from([Buffer.from(tar)]).pipe(extract())) {
    // Docker 20.10 writes the file's type into the mode, too.
    entries.push({ ...entry.header, mode: (entry.header.mode ?? 0) & 0o7777, content: await text(entry) });
  }
  return entries;
}
