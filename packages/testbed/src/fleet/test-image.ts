import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runCommand } from "./run-command.ts";

/** On every engine of a fleet, and in its registry. sh, sleep, httpd, nc, dd and the rest of busybox work in it. */
export const TEST_IMAGE = "berth-test/busybox:latest";
/** Only in the registry: {@link TEST_IMAGE} and one layer of a few bytes, so there is always something to pull. */
export const PULL_TEST_IMAGE = "berth-test/busybox:derived";

/** An image as plain data. The same busybox gives the same bytes, so the same digests everywhere. */
export interface TestImage {
  /** `repository:tag`, without a registry. */
  reference: string;
  config: Buffer;
  /** Uncompressed tar files, lowest first. */
  layers: Buffer[];
}

/** Builds both test images from this machine's static busybox. `folder` is scratch space. */
export async function buildTestImages(folder: string): Promise<TestImage[]> {
  const base = join(folder, "base");
  await mkdir(join(base, "bin"), { recursive: true });
  for (const name of ["etc", "root", "tmp", "var", "www"]) await mkdir(join(base, name));
  await copyFile("/bin/busybox", join(base, "bin/busybox"));
  await chmod(join(base, "bin/busybox"), 0o755);
  const commands = (await runCommand("/bin/busybox", ["--list"]))
    .split("\n")
    .filter((name) => name && name !== "busybox");
  await Promise.all(commands.map((name) => symlink("busybox", join(base, "bin", name))));
  await writeFile(join(base, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
  await writeFile(join(base, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");

  const derived = join(folder, "derived");
  await mkdir(derived);
  await writeFile(join(derived, "derived"), "from berth-test/busybox:latest\n");

  const [lower, upper] = await Promise.all([packLayer(base), packLayer(derived)]);
  return [describeImage(TEST_IMAGE, [lower]), describeImage(PULL_TEST_IMAGE, [lower, upper])];
}

/** The tar file that `docker load` takes. */
export async function packForLoad(folder: string, image: TestImage): Promise<Buffer> {
  await mkdir(folder, { recursive: true });
  const layers = image.layers.map((layer) => ({ name: `${sha256(layer)}.tar`, content: layer }));
  const manifest = [{ Config: "config.json", RepoTags: [image.reference], Layers: layers.map(({ name }) => name) }];
  await writeFile(join(folder, "config.json"), image.config);
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  for (const { name, content } of layers) await writeFile(join(folder, name), content);
  return packLayer(folder);
}

/** Pushes an image to an open registry, which needs no engine for it. */
export async function pushTestImage(registryAddress: string, image: TestImage): Promise<void> {
  const [repository = "", tag = "latest"] = image.reference.split(":");
  const base = `http://${registryAddress}/v2/${repository}`;
  const layers = image.layers.map((layer) => gzipSync(layer, { level: 1 }));
  for (const blob of [...layers, image.config]) await uploadBlob(base, blob);

  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const describe = (type: string, blob: Buffer) => ({
    mediaType: `application/vnd.docker.${type}`,
    size: blob.length,
    digest: `sha256:${sha256(blob)}`,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: describe("container.image.v1+json", image.config),
    layers: layers.map((layer) => describe("image.rootfs.diff.tar.gzip", layer)),
  };
  const headers = { "content-type": mediaType };
  await send(`${base}/manifests/${tag}`, { method: "PUT", headers, body: JSON.stringify(manifest) });
}

function describeImage(reference: string, layers: Buffer[]): TestImage {
  const architecture = { x64: "amd64" }[process.arch as string] ?? process.arch;
  const created = "2024-01-01T00:00:00Z";
  const config = {
    architecture,
    os: "linux",
    created,
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    history: layers.map(() => ({ created, created_by: "berth test image" })),
  };
  return { reference, layers, config: Buffer.from(JSON.stringify(config)) };
}

async function packLayer(folder: string): Promise<Buffer> {
  const file = `${folder}.tar`;
  const reproducible = ["--sort=name", "--mtime=@1704067200", "--owner=0", "--group=0", "--numeric-owner"];
  await runCommand("tar", ["-C", folder, ...reproducible, "-cf", file, "."]);
  return readFile(file);
}

async function uploadBlob(base: string, blob: Buffer): Promise<void> {
  const upload = await send(`${base}/blobs/uploads/`, { method: "POST" });
  const location = new URL(upload.headers.get("location") ?? "", base);
  location.searchParams.set("digest", `sha256:${sha256(blob)}`);
  await send(location, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(blob),
  });
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok)
    throw new Error(`${init.method} ${String(url)} answered ${response.status}: ${await response.text()}`);
  return response;
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
