// Behind every npm script: from any Node >= 20 with npm to the pinned pnpm and Node, then the target.
// Plain JavaScript, because it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const bin = join(root, "node_modules", ".bin");
const read = (file) => readFileSync(join(root, file), "utf8");

/** Changes when a byte of one of `files` does. */
function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update("\0").update(read(file));
  return hash.digest("hex");
}

const isStampedWith = (stamp, hash) => existsSync(stamp) && readFileSync(stamp, "utf8") === hash;

const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  // Any existing file: `prisma generate` checks that the path exists, and never runs it.
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  CHECKPOINT_DISABLE: "1",
  // A process begins a third of a second earlier when it need not compile what one before it has compiled.
  NODE_COMPILE_CACHE: join(root, "node_modules", ".compile-cache"),
};

/** Runs one preparation step; its output goes to stderr, so that a target's stdout stays its own. */
function prepare(what, command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2], env });
  if (status === 0) return;
  console.error(`berth: ${what} failed${error ? `: ${error.message}` : ""}; see the lines above`);
  process.exit(1);
}

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`berth: Node ${process.versions.node} is too old: install Node 20 or newer`);
  process.exit(1);
}

const installStamp = join(root, "node_modules", ".bootstrap");
const installHash = hashOf([
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "package.json",
  "packages/db/prisma/schema.prisma",
]);
if (!isStampedWith(installStamp, installHash)) {
  const { version } = JSON.parse(read("package.json")).devEngines.packageManager;
  console.error("berth: installing dependencies (the first time takes about half a minute)");
  prepare("installing dependencies", "npx", ["--yes", `pnpm@${version}`, "install", "--frozen-lockfile"]);
  prepare("generating the database client", join(bin, "node"), [
    "packages/db/node_modules/prisma/build/index.js",
    "generate",
    "--config",
    "packages/db/prisma.config.ts",
  ]);
  writeFileSync(installStamp, installHash);
}

const consoleStamp = join(root, "apps", "web", "dist", ".bootstrap");
const consoleFiles = ["apps/web/src", "apps/web/public", "packages/spec/src"]
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
  .filter((file) => statSync(join(root, file)).isFile());
const consoleHash = hashOf([
  "pnpm-lock.yaml",
  "apps/web/index.html",
  "apps/web/vite.config.ts",
  ...consoleFiles.sort(),
]);
if (!isStampedWith(consoleStamp, consoleHash)) {
  prepare("building the console", join(root, "apps", "web", "node_modules", ".bin", "vite"), [
    "build",
    "--logLevel",
    "warn",
    "apps/web",
  ]);
  writeFileSync(consoleStamp, consoleHash);
}

const [target, ...args] = process.argv.slice(2);
const child = spawn(join(bin, "node"), [target, ...args], { stdio: "inherit", env });
// A terminal's Ctrl-C reaches the child by itself; these are for signals sent to this process alone.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {});
// npm passes no signal on: it and its shell just end, and then this process has another parent.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
