import type { ShellLines } from "./shell-lines.ts";
import { quoted } from "./shell-lines.ts";
import { type Attributes, type Named, OPEN, SftpError, STATUS } from "./packets.ts";

/** Raw mode in hex, size, owner, group, times: what GNU's stat and busybox's know alike. */
const STAT = "%f %s %u %g %X %Y";
const STAT_LINE = /^([0-9a-f]+) (\d+) (\d+) (\d+) (-?\d+) (-?\d+)(?: (.*))?$/s;
const UMASK = 0o022;

const FILE_TYPE = 0o170_000;
const FOLDER = 0o040_000;

/** Why `$1` could not be had: 2 where it is not there, 3 where it may not be looked at, else 4. */
const WHY = 'why() { [ -e "$1" ] || [ -L "$1" ] || return 2; [ -r "$1" ] || return 3; return 4; }';

/** The files of a container, by the tools that every image with a shell has. Names are latin1. */
export class ContainerFiles {
  readonly #shell: ShellLines;
  readonly #ready: Promise<unknown>;

  constructor(shell: ShellLines) {
    this.#shell = shell;
    this.#ready = shell.run(WHY);
    this.#ready.catch(() => undefined); // whoever asks next is told
  }

  /** For a command that begins elsewhere than the shell has. */
  async absolute(path: string): Promise<string> {
    if (path.startsWith("/")) return path;
    return `${(await this.#run("pwd", ".")).replace(/\n$/, "")}/${path}`;
  }

  async stat(path: string, followsLinks: boolean): Promise<Attributes> {
    const option = followsLinks ? "-L " : "";
    const output = await this.#run(`stat ${option}-c '${STAT}' -- ${word(path)}`, path);
    return parseStat(output.trim()).attributes;
  }

  /** What {@link entryOf} reads, one for each file. */
  async list(path: string): Promise<string[]> {
    const find = `find . -mindepth 1 -maxdepth 1 -exec stat -c '${STAT} %n' {} +`;
    const output = await this.#run(`(cd -- ${word(path)} && ${find})`, path);
    const lines: string[] = [];
    for (const line of output.split("\n")) {
      // A name may hold a line break.
      if (STAT_LINE.test(line) || lines.length === 0) lines.push(line);
      else lines[lines.length - 1] += `\n${line}`;
    }
    return lines.map((line) => line.replace(/\n$/, "")).filter((line) => line !== "");
  }

  /** Where it is one that may be read and is no folder. */
  async checkReadable(path: string): Promise<Attributes> {
    const attributes = await this.stat(path, true);
    if (((attributes.mode ?? 0) & FILE_TYPE) === FOLDER) throw new SftpError(STATUS.failure, "It is a folder.");
    await this.#run(`[ -r ${word(path)} ] || (exit 3)`, path);
    return attributes;
  }

  /** Makes or empties it as the flags of an open say. */
  async prepareWrite(path: string, flags: number, mode: number | undefined): Promise<void> {
    const file = word(path);
    const begin =
      flags & OPEN.exclusive
        ? `(set -C; : >${file})`
        : flags & OPEN.truncate
          ? `(: >${file})`
          : flags & OPEN.create
            ? `(: >>${file})`
            : `[ -f ${file} ] && [ -w ${file} ]`;
    const allowed = ((mode ?? 0o666) & 0o777 & ~UMASK).toString(8);
    await this.#run(`{ if [ -e ${file} ]; then ${begin}; else ${begin} && chmod ${allowed} ${file}; fi; }`, path);
  }

  async readWhole(path: string): Promise<Buffer> {
    return Buffer.from(await this.#run(`cat -- ${word(path)}`, path), "latin1");
  }

  async writeWhole(path: string, content: Buffer, isAppended: boolean): Promise<void> {
    await this.#run(`(printf '${escaped(content)}' ${isAppended ? ">>" : "1<>"}${word(path)})`, path);
  }

  async setAttributes(path: string, { size, owner, mode, times }: Attributes): Promise<void> {
    const file = word(path);
    if (size !== undefined) await this.#run(`truncate -s ${size} -- ${file}`, path);
    if (owner) await this.#run(`chown ${owner.user}:${owner.group} -- ${file}`, path);
    if (mode !== undefined) await this.#run(`chmod ${(mode & 0o7777).toString(8)} -- ${file}`, path);
    if (!times) return;
    // Older busyboxes set both times at once only.
    await this.#run(`touch -c -d @${times.modified} -- ${file}`, path);
    await this.#shell.run(`touch -c -a -d @${times.accessed} -- ${file}`);
  }

  async realPath(path: string): Promise<string> {
    const output = await this.#run(`readlink -f -- ${word(path === "" ? "." : path)}`, path);
    return output.replace(/\n$/, "");
  }

  async readLink(path: string): Promise<string> {
    return (await this.#run(`readlink -- ${word(path)}`, path)).replace(/\n$/, "");
  }

  async symlink(target: string, path: string): Promise<void> {
    await this.#run(`ln -s -- ${word(target)} ${word(path)}`, path);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#run(`ln -- ${word(from)} ${word(to)}`, from);
  }

  async remove(path: string): Promise<void> {
    await this.#run(`rm -f -- ${word(path)} && [ ! -L ${word(path)} ]`, path, true);
  }

  async makeFolder(path: string, mode: number | undefined): Promise<void> {
    await this.#run(`mkdir -m ${((mode ?? 0o777) & 0o7777 & ~UMASK).toString(8)} -- ${word(path)}`, path);
  }

  async removeFolder(path: string): Promise<void> {
    await this.#run(`rmdir -- ${word(path)}`, path);
  }

  /** Over what is there, as rename(2) does, where `isForced`. */
  async rename(from: string, to: string, isForced: boolean): Promise<void> {
    const [old, target] = [word(from), word(to)];
    const isFree = isForced
      ? `{ [ ! -d ${target} ] || [ -L ${target} ] || rmdir -- ${target}; }`
      : `[ ! -e ${target} ] && [ ! -L ${target} ]`;
    await this.#run(`${isFree} && mv -f -- ${old} ${target}`, from);
  }

  async #run(script: string, path: string, mustBeThere = false): Promise<string> {
    await this.#ready;
    const guard = mustBeThere ? `{ [ -e ${word(path)} ] || [ -L ${word(path)} ]; } && ` : "";
    const { status, output } = await this.#shell.run(`${guard}${script} || why ${word(path)}`);
    switch (status) {
      case 0:
        return output.toString("latin1");
      case 2:
        throw new SftpError(STATUS.noSuchFile, "No such file.");
      case 3:
        throw new SftpError(STATUS.permissionDenied, "Permission denied.");
      default:
        throw new SftpError(STATUS.failure, "It could not be done.");
    }
  }
}

/** What begins with a dash must not be taken for an option where a tool knows no `--`. */
function word(path: string): string {
  if (/[\n\0]/.test(path)) throw new SftpError(STATUS.failure, "A name with a line break can't be had here.");
  return quoted(path.startsWith("-") ? `./${path}` : path);
}

const escaped = (content: Buffer): string =>
  Array.from(content, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9 ,.:;=_/+]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  }).join("");

function parseStat(line: string): { name: string; attributes: Attributes } {
  const [, mode = "", size = "", user = "", group = "", accessed = "", modified = "", name = ""] =
    STAT_LINE.exec(line) ?? [];
  if (mode === "") throw new SftpError(STATUS.failure, "The image's stat says what nobody understands.");
  return {
    name,
    attributes: {
      size: Number(size),
      owner: { user: Number(user), group: Number(group) },
      mode: Number.parseInt(mode, 16),
      times: { accessed: Math.max(0, Number(accessed)), modified: Math.max(0, Number(modified)) },
    },
  };
}

export function entryOf(line: string): Named {
  const { name, attributes } = parseStat(line);
  return named(name.replace(/^\.\//, ""), attributes);
}

const TYPES: Record<number, string> = {
  0o040_000: "d",
  0o120_000: "l",
  0o020_000: "c",
  0o060_000: "b",
  0o140_000: "s",
};

function named(name: string, attributes: Attributes): Named {
  const { mode = 0, size = 0, owner, times } = attributes;
  const letters = Array.from("rwxrwxrwx", (letter, at) => ((mode >> (8 - at)) & 1 ? letter : "-")).join("");
  const date = new Date((times?.modified ?? 0) * 1_000).toISOString().slice(0, 16).replace("T", " ");
  const columns = [
    `${TYPES[mode & FILE_TYPE] ?? "-"}${letters}`,
    "1",
    String(owner?.user ?? 0).padEnd(8),
    String(owner?.group ?? 0).padEnd(8),
    String(size).padStart(10),
    date,
    name,
  ];
  return { name, longName: columns.join(" "), attributes };
}
