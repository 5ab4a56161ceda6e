import { execFile, type ExecFileOptions } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack } from "tar-stream";

const run = promisify(execFile);

/** Debian's packages, as it names them. */
const LIBC = "libc6";
const BUSYBOX = "busybox-static";
/** What `nvidia-smi` and the libraries that it loads are linked with. */
const LIBRARIES = /^(ld-linux-.+|ld64)\.so\.\d+$|^lib(c|m|pthread|dl|rt|util|resolv|nss_files|nss_dns)\.so\.\d+$/;

/** Of every file: the same packages give the same bytes. */
const MTIME = new Date("2024-01-01T00:00:00Z");

/** A system image can't be made here. `message` says how to have one. */
export class SystemImageError extends Error {
  override readonly name = "SystemImageError";
}

/** A file of an image: its content, where a link leads to, or null of a folder. */
export interface ImageFile {
  content: Uint8Array | { link: string } | null;
  /** Default 0644, of a folder 0755. */
  mode?: number;
}

export interface SystemImage {
  /** Plain, as {@link Engine.importImage} takes it. */
  tar: Buffer;
  /** `sha256:…` of the tar. */
  digest: string;
}

/** What an import makes of the tar's files: Docker's own words. */
export const SYSTEM_IMAGE_CHANGES = [
  "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  // Where the NVIDIA toolkit puts its libraries; no cache of the linker need be written for them.
  "ENV LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu:/usr/lib64",
  'CMD ["/bin/sh","/berth/probe.sh"]',
];

/** What the image is made by, beside Debian's packages: another one is due where this changed. */
export async function systemImageRecipe(): Promise<string> {
  const parts = [await readFile(new URL("assemble.ts", import.meta.url)), await probeScript()];
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
}

/**
 * Makes Berth's system image of Debian's packages: those that are installed here, or else downloaded by `apt-get`, which
 * needs no root. `more` are files by path beside its own, which a test adds. Throws {@link SystemImageError} where
 * neither can be had.
 */
export async function assembleSystemImage(
  more: Record<string, ImageFile> = {},
  signal?: AbortSignal,
): Promise<SystemImage> {
  const folder = await mkdtemp(join(tmpdir(), "berth-system-image-"));
  try {
    const libc = await filesOf(LIBC, folder, signal);
    const busybox = (await filesOf(BUSYBOX, folder, signal)).find((file) => file.endsWith("/bin/busybox"));
    if (busybox === undefined) throw new SystemImageError(howToMend("busybox-static holds no busybox"));
    const files = { ...layout(), ...(await commands(busybox)), ...(await libraries(libc)), ...more };
    files["berth/probe.sh"] = { content: await probeScript(), mode: 0o755 };
    const tar = await packFiles(files);
    return { tar, digest: `sha256:${createHash("sha256").update(tar).digest("hex")}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const probeScript = (): Promise<Buffer> => readFile(new URL("probe.sh", import.meta.url));

/** Paths of the files of a package, wherever they lie. */
async function filesOf(name: string, folder: string, signal: AbortSignal | undefined): Promise<string[]> {
  const installed = await installedFiles(name);
  if (installed !== null) return installed;
  const into = join(folder, name);
  await mkdir(into);
  try {
    await download(name, folder, { cwd: into, ...(signal && { signal }) });
    const archive = (await readdir(into)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get downloaded nothing");
    await run("dpkg-deb", ["-x", archive, "files"], { cwd: into });
  } catch (error) {
    throw new SystemImageError(howToMend(error instanceof Error ? firstLine(error.message) : String(error)), {
      cause: error,
    });
  }
  const root = join(into, "files");
  return (await readdir(root, { recursive: true })).map((file) => join(root, file));
}

async function installedFiles(name: string): Promise<string[] | null> {
  try {
    // Removed packages are listed as well, with what they left.
    const { stdout: status } = await run("dpkg-query", ["-W", "-f", "${db:Status-Status}\n", name]);
    if (!status.split("\n").includes("installed")) return null;
    const { stdout } = await run("dpkg-query", ["-L", name]);
    return stdout.split("\n").filter((line) => line.startsWith("/"));
  } catch {
    return null; // not installed, or no dpkg
  }
}

/** As apt is set up here; where its lists are not there (a slim container), with lists of our own. */
async function download(name: string, folder: string, options: ExecFileOptions): Promise<void> {
  try {
    await run("apt-get", ["download", name], options);
  } catch {
    const lists = join(folder, "lists");
    await mkdir(join(lists, "partial"), { recursive: true });
    const own = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${folder}`, "-o", "Debug::NoLocking=true"];
    await run("apt-get", [...own, "update"], options);
    await run("apt-get", [...own, "download", name], options);
  }
}

function layout(): Record<string, ImageFile> {
  const files: Record<string, ImageFile> = {};
  const folders = ["berth/disk", "dev", "etc", "proc", "root", "run", "sys", "usr/bin", "usr/sbin", "usr/lib64", "var"];
  for (const folder of folders) files[folder] = { content: null };
  files["tmp"] = { content: null, mode: 0o1777 };
  for (const name of ["bin", "sbin", "lib", "lib64"]) files[name] = { content: { link: `usr/${name}` } };
  files["etc/passwd"] = {
    content: Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
  };
  files["etc/group"] = { content: Buffer.from("root:x:0:\nnogroup:x:65534:\n") };
  return files;
}

async function commands(busybox: string): Promise<Record<string, ImageFile>> {
  const files: Record<string, ImageFile> = { "usr/bin/busybox": { content: await readFile(busybox), mode: 0o755 } };
  const { stdout } = await run(busybox, ["--list"]);
  for (const name of stdout.split("\n").filter((line) => line !== "" && line !== "busybox")) {
    files[`usr/bin/${name}`] = { content: { link: "busybox" } };
  }
  return files;
}

/** By the architecture's own folder, where the NVIDIA toolkit puts its libraries too. */
async function libraries(files: string[]): Promise<Record<string, ImageFile>> {
  const found: Record<string, ImageFile> = {};
  for (const file of files) {
    const [, folder, name = ""] = /\/lib\/([^/]+-linux-gnu[^/]*)\/([^/]+)$/.exec(file) ?? [];
    if (folder === undefined || !LIBRARIES.test(name)) continue;
    found[`usr/lib/${folder}/${name}`] = { content: await readFile(file), mode: 0o755 };
    if (!name.startsWith("ld")) continue;
    // Programs name their loader by this path; that of 64-bit ARM is in /lib.
    const home = folder.startsWith("aarch64") ? "usr/lib" : "usr/lib64";
    found[`${home}/${name}`] = { content: { link: `/usr/lib/${folder}/${name}` } };
  }
  if (!Object.keys(found).some((path) => path.endsWith("/libc.so.6"))) {
    throw new SystemImageError(howToMend("libc6 holds no libc.so.6"));
  }
  return found;
}

/** A tar file, the same for the same files. */
export async function packFiles(files: Record<string, ImageFile>): Promise<Buffer> {
  const tar = pack();
  const packed = buffer(tar);
  for (const [name, { content, mode }] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const header = { name, mtime: MTIME, uid: 0, gid: 0 };
    if (content === null) tar.entry({ ...header, type: "directory", mode: mode ?? 0o755 });
    else if ("link" in content) tar.entry({ ...header, type: "symlink", linkname: content.link, mode: 0o777 });
    else tar.entry({ ...header, mode: mode ?? 0o644 }, Buffer.from(content));
  }
  tar.finalize();
  return packed;
}

const firstLine = (text: string): string => text.split("\n").find((line) => line.trim() !== "") ?? text;

function howToMend(why: string): string {
  return (
    `Berth's own image for GPU servers can't be made on this host (${why}). It is made of Debian's packages ${LIBC} and ` +
    `${BUSYBOX}: install ${BUSYBOX} here, or run "npm run system-image" on a Debian or Ubuntu host that reaches ` +
    "Berth's database (DATABASE_URL). Until then machines show no telemetry."
  );
}
