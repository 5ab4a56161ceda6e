import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { assembleSystemImage, SystemImageError } from "./assemble.ts";

const run = promisify(execFile);

/** Where Debian's packages are neither at hand nor to be fetched, the message is all that there is to look at. */
async function assembled(...more: Parameters<typeof assembleSystemImage>) {
  try {
    return await assembleSystemImage(...more);
  } catch (error) {
    // Without a cause it is what the packages hold that was not understood.
    if (error instanceof SystemImageError && error.cause !== undefined) return error;
    throw error;
  }
}

test("is the same, byte for byte, whenever it is made of the same packages", async ({ skip }) => {
  const first = await assembled();
  if (first instanceof SystemImageError) {
    expect(first.message).toContain("npm run system-image");
    return skip(first.message);
  }
  const second = await assembleSystemImage();
  expect(second.digest).toBe(first.digest);
  expect((await assembleSystemImage({ "usr/bin/more": { content: Buffer.from("x") } })).digest).not.toBe(first.digest);
});

test("holds a shell, the probe, and a libc whose loader is where programs look for it", async ({ skip }) => {
  const image = await assembled({ "usr/bin/nvidia-smi": { content: Buffer.from("#!/bin/sh\n"), mode: 0o755 } });
  if (image instanceof SystemImageError) return skip(image.message);
  const folder = await mkdtemp(join(tmpdir(), "berth-system-image-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "image.tar"), image.tar);
  await run("tar", ["-xf", "image.tar", "--no-same-owner"], { cwd: folder });
  const { stdout } = await run(
    "find",
    [".", "-name", "*.so*", "-o", "-path", "./berth/*", "-o", "-name", "nvidia-smi"],
    {
      cwd: folder,
    },
  );
  for (const name of [
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "probe.sh",
    "nvidia-smi",
  ]) {
    expect(stdout).toContain(`/${name}\n`);
  }
  // What is there of busybox's applets is what the probe and the relay are written for.
  const { stdout: applets } = await run("ls", [join(folder, "usr/bin")]);
  expect(applets.split("\n")).toEqual(
    expect.arrayContaining(["sh", "awk", "df", "nc", "cat", "sleep", "timeout", "grep", "head", "date", "cut", "tr"]),
  );
});
