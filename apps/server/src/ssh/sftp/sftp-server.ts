import { DomainError } from "@berth/spec/error-code.ts";
import type { Command } from "../../commands/commands.ts";
import { ContainerFiles, entryOf } from "./container-files.ts";
import { type Begin, ReadFile, WriteFile } from "./open-file.ts";
import { answer, type Attributes, Fields, type Named, OPEN, REQUEST, SftpError, STATUS } from "./packets.ts";
import type { ShellLines } from "./shell-lines.ts";

/** Of one packet, its data included. */
export const MAX_PACKET_BYTES = 256 * 1024 + 1024;
const MAX_DATA_BYTES = 256 * 1024;
const MAX_HANDLES = 100;
/** Names of a folder in one answer. */
const NAMES_AT_ONCE = 100;
/** Of the folders that are open, what their client has not read yet. */
const MAX_UNREAD_CHARACTERS = 8 * 1024 * 1024;

const EXTENSIONS: readonly [string, string][] = [
  ["posix-rename@openssh.com", "1"],
  ["hardlink@openssh.com", "1"],
  ["fsync@openssh.com", "1"],
  ["limits@openssh.com", "1"],
];

interface OpenFile {
  path: string;
  reader: ReadFile | null;
  writer: WriteFile | null;
}

interface OpenFolder {
  path: string;
  /** Null until it was listed. */
  left: string[] | null;
}

/** An SFTP server for a container whose image has none: by the tools of its shell. */
export class SftpServer {
  readonly #files: ContainerFiles;
  readonly #begin: Begin;
  readonly #handles = new Map<string, OpenFile | OpenFolder>();
  /** What reads and writes files. */
  readonly #running = new Set<Command>();
  #lastHandle = 0;
  #isClosed = false;

  constructor(shell: ShellLines, begin: Begin) {
    this.#files = new ContainerFiles(shell);
    this.#begin = (command) => this.#start(begin, command);
  }

  /** Answers one packet. Several may be under way; what is asked of one file is done in order. */
  async handle(packet: Buffer): Promise<Buffer> {
    const fields = new Fields(packet.subarray(1));
    const request = REQUEST[packet[0] as keyof typeof REQUEST] as (typeof REQUEST)[keyof typeof REQUEST] | undefined;
    if (request === "init") return answer.version(EXTENSIONS);
    const id = fields.u32();
    try {
      return await this.#serve(id, request, fields);
    } catch (error) {
      if (error instanceof SftpError) return answer.status(id, error.status, error.message);
      throw error;
    }
  }

  /** Ends what runs for it, also where somebody waits for that, and begins nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const command of this.#running) void command.hangUp();
    // What a command still prints must be read, or its end is not seen.
    for (const handle of this.#handles.values()) if ("reader" in handle) void handle.reader?.close();
    this.#handles.clear();
  }

  async #start(begin: Begin, command: string[]): Promise<Command> {
    if (this.#isClosed) throw new SftpError(STATUS.failure, "The channel has closed.");
    try {
      const begun = await begin(command);
      const leave = (): void => void this.#running.delete(begun);
      this.#running.add(begun);
      begun.exitCode().then(leave, leave);
      if (this.#isClosed) void begun.hangUp();
      return begun;
    } catch (error) {
      // One file that can't be opened is no reason to end the others.
      if (error instanceof DomainError) throw new SftpError(STATUS.failure, error.message);
      throw error;
    }
  }

  async #serve(
    id: number,
    request: (typeof REQUEST)[keyof typeof REQUEST] | undefined,
    fields: Fields,
  ): Promise<Buffer> {
    const files = this.#files;
    const done = async (work: Promise<unknown>): Promise<Buffer> => {
      await work;
      return answer.status(id, STATUS.ok, "");
    };
    switch (request) {
      case "open":
        return answer.handle(id, await this.#open(fields.text(), fields.u32(), fields.attributes()));
      case "close":
        return done(this.#close(fields.text()));
      case "read":
        return this.#read(id, this.#file(fields.text()), fields.u64(), fields.u32());
      case "write":
        return done(this.#write(this.#file(fields.text()), fields.u64(), fields.bytes()));
      case "lstat":
        return answer.attributes(id, await files.stat(fields.text(), false));
      case "stat":
        return answer.attributes(id, await files.stat(fields.text(), true));
      case "fstat": {
        const file = this.#file(fields.text());
        await file.writer?.flush();
        return answer.attributes(id, await files.stat(file.path, true));
      }
      case "setstat":
        return done(files.setAttributes(fields.text(), fields.attributes()));
      case "fsetstat":
        return done(this.#setAttributes(this.#file(fields.text()), fields.attributes()));
      case "opendir":
        return answer.handle(id, await this.#openFolder(fields.text()));
      case "readdir":
        return this.#readFolder(id, fields.text());
      case "remove":
        return done(files.remove(fields.text()));
      case "mkdir":
        return done(files.makeFolder(fields.text(), fields.attributes().mode));
      case "rmdir":
        return done(files.removeFolder(fields.text()));
      case "realpath":
        return answer.names(id, [onlyName(await files.realPath(fields.text()))]);
      case "rename":
        return done(files.rename(fields.text(), fields.text(), false));
      case "readlink":
        return answer.names(id, [onlyName(await files.readLink(fields.text()))]);
      case "symlink":
        // OpenSSH has always sent them in this order, which is not the draft's.
        return done(files.symlink(fields.text(), fields.text()));
      case "extended":
        return this.#extended(id, fields, done);
      default:
        throw new SftpError(STATUS.unsupported, "This is not supported here.");
    }
  }

  async #extended(id: number, fields: Fields, done: (work: Promise<unknown>) => Promise<Buffer>): Promise<Buffer> {
    switch (fields.text()) {
      case "posix-rename@openssh.com":
        return done(this.#files.rename(fields.text(), fields.text(), true));
      case "hardlink@openssh.com":
        return done(this.#files.link(fields.text(), fields.text()));
      case "fsync@openssh.com":
        return done(this.#file(fields.text()).writer?.flush() ?? Promise.resolve());
      case "limits@openssh.com":
        return answer.limits(id, [MAX_PACKET_BYTES, MAX_DATA_BYTES, MAX_DATA_BYTES, MAX_HANDLES]);
      default:
        throw new SftpError(STATUS.unsupported, "This is not supported here.");
    }
  }

  async #open(asked: string, flags: number, { mode }: Attributes): Promise<string> {
    const path = await this.#files.absolute(asked);
    const parts = { files: this.#files, begin: this.#begin };
    const writes = (flags & (OPEN.write | OPEN.append)) !== 0;
    if (writes) await this.#files.prepareWrite(path, flags, mode);
    const attributes = flags & OPEN.read ? await this.#files.checkReadable(path) : null;
    return this.#enter({
      path,
      reader: attributes && new ReadFile(parts, path, attributes),
      writer: writes ? new WriteFile(parts, path, (flags & OPEN.append) !== 0) : null,
    });
  }

  async #openFolder(path: string): Promise<string> {
    await this.#files.stat(path.replace(/\/*$/, "/."), true); // a folder, and one that may be entered
    return this.#enter({ path, left: null });
  }

  #enter(handle: OpenFile | OpenFolder): string {
    if (this.#handles.size >= MAX_HANDLES) throw new SftpError(STATUS.failure, "Too many files are open.");
    const name = String((this.#lastHandle += 1));
    this.#handles.set(name, handle);
    return name;
  }

  async #close(name: string): Promise<void> {
    const handle = this.#handles.get(name);
    if (!handle) throw new SftpError(STATUS.failure, "No such handle.");
    this.#handles.delete(name);
    if (!("reader" in handle)) return;
    await handle.reader?.close();
    await handle.writer?.close();
  }

  #file(name: string): OpenFile {
    const handle = this.#handles.get(name);
    if (!handle || !("reader" in handle)) throw new SftpError(STATUS.failure, "No such file is open.");
    return handle;
  }

  async #read(id: number, { reader, writer }: OpenFile, offset: number, length: number): Promise<Buffer> {
    if (!reader) throw new SftpError(STATUS.failure, "It was not opened to be read.");
    await writer?.flush();
    const data = await reader.read(offset, Math.min(length, MAX_DATA_BYTES));
    return data.length > 0 ? answer.data(id, data) : answer.status(id, STATUS.eof, "");
  }

  async #write({ writer }: OpenFile, offset: number, data: Buffer): Promise<void> {
    if (!writer) throw new SftpError(STATUS.failure, "It was not opened to be written.");
    await writer.write(offset, data);
  }

  async #setAttributes({ path, writer }: OpenFile, { times, ...attributes }: Attributes): Promise<void> {
    if (attributes.size !== undefined) await writer?.flush();
    await this.#files.setAttributes(path, writer || !times ? attributes : { ...attributes, times });
    if (writer && times) writer.keepTimes(times);
  }

  async #readFolder(id: number, name: string): Promise<Buffer> {
    const handle = this.#handles.get(name);
    if (!handle || "reader" in handle) throw new SftpError(STATUS.failure, "No such folder is open.");
    handle.left ??= await this.#list(handle.path);
    const some = handle.left.splice(0, NAMES_AT_ONCE).map(entryOf);
    return some.length > 0 ? answer.names(id, some) : answer.status(id, STATUS.eof, "");
  }

  async #list(path: string): Promise<string[]> {
    const listed = await this.#files.list(path);
    const unread = [...this.#handles.values()].map((handle) => ("left" in handle && handle.left) || []);
    if ([listed, ...unread].reduce((sum, lines) => sum + lengthOf(lines), 0) <= MAX_UNREAD_CHARACTERS) return listed;
    throw new SftpError(STATUS.failure, "Too much of other folders is unread: read or close them first.");
  }
}

const lengthOf = (lines: readonly string[]): number => lines.reduce((sum, { length }) => sum + length, 0);

const onlyName = (name: string): Named => ({ name, longName: name, attributes: {} });
