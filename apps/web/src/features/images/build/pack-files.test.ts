import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { packFiles } from "./pack-files.ts";

test("tar unpacks what is packed: long names, Chinese ones, empty files and those that fill a block", async () => {
  const files: Record<string, string> = {
    Dockerfile: "FROM debian:12\n",
    "src/空的.txt": "",
    "src/block.bin": "x".repeat(512),
    [`${"deep/".repeat(30)}file`]: "far down",
  };
  const tar = packFiles(Object.entries(files).map(([path, text]) => ({ path, file: new Blob([text]) })));
  const folder = mkdtempSync(join(tmpdir(), "berth-pack-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  execFileSync("tar", ["-xf", "-", "-C", folder], { input: new Uint8Array(await tar.arrayBuffer()) });
  for (const [path, text] of Object.entries(files)) expect(readFileSync(join(folder, path), "utf8")).toBe(text);
});
