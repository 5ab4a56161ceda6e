import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runCommand } from "./run-command.ts";

/** On every engine of a fleet, and in its registry. sh, sleep, httpd, nc, dd and the rest of busybox work in it. */
export const TEST_IMAGE = "berth-test/busybox:latest";
/** Only in the registry: {@link TEST_IMAGE} and one layer of a few bytes, so there is always something to pull. */
export const PULL_TEST_IMAGE = "berth-test/busybox:derived";

export const TEST_IMAGE_CONFIG = { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], WorkingDir: "/" };

export const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

export interface Blob {
  /** `sha256:…` of `content`. */
  digest: string;
  content: Buffer;
}

/** An image as plain data. The same busybox gives the same bytes, so the same digests everywhere. */
export interface TestImage {
  /** `repository:tag`, without a registry. */
  reference: string;
  manifest: Blob;
  config: Blob;
  /** Gzipped tar files, lowest first. */
  layers: Blob[];
}

/** Builds {@link TEST_IMAGE} and {@link PULL_TEST_IMAGE} from this machine's static busybox. `folder` is scratch space. */
export async function buildTestImages(folder: string): Promise<{ base: TestImage; derived: TestImage }> {
  const base = join(folder, "base");
  await mkdir(join(base, "bin"), { recursive: true });
  for (const name of ["etc", "root", "tmp", "var", "www"]) await mkdir(join(base, name));
  await copyFile("/bin/busybox", join(base, "bin/busybox"));
  const commands = (await runCommand("/bin/busybox", ["--list"])).split("\n");
  const links = commands.filter((name) => name !== "" && name !== "busybox");
  await Promise.all(links.map((name) => symlink("busybox", join(base, "bin", name))));
  await writeFile(join(base, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
  await writeFile(join(base, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");

  const derived = join(folder, "derived");
  await mkdir(derived);
  await writeFile(join(derived, "derived"), `from ${TEST_IMAGE}\n`);

  const [lower, upper] = await Promise.all([packFolder(base), packFolder(derived)]);
  return { base: describeImage(TEST_IMAGE, [lower]), derived: describeImage(PULL_TEST_IMAGE, [lower, upper]) };
}

/** A tar file of what is in `folder`, the same for the same files. */
export async function packFolder(folder: string): Promise<Buffer> {
  const file = `${folder}.tar`;
  const owner = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  await runCommand("tar", ["-C", folder, "--sort=name", "--mtime=@1704067200", ...owner, "-cf", file, "."]);
  return readFile(file);
}

function describeImage(reference: string, layerTars: Buffer[]): TestImage {
  const created = "2024-01-01T00:00:00Z";
  const config = toBlob({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created,
    config: TEST_IMAGE_CONFIG,
    rootfs: { type: "layers", diff_ids: layerTars.map((tar) => toBlob(tar).digest) },
    history: layerTars.map(() => ({ created, created_by: "berth test image" })),
  });
  const layers = layerTars.map((tar) => toBlob(gzipSync(tar, { level: 1 })));
  const manifest = toBlob({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: describeBlob("application/vnd.docker.container.image.v1+json", config),
    layers: layers.map((layer) => describeBlob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)),
  });
  return { reference, manifest, config, layers };
}

export function describeBlob(mediaType: string, blob: Blob) {
  return { mediaType, size: blob.content.length, digest: blob.digest };
}

function toBlob(value: Buffer | object): Blob {
  const content = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, content };
}
