import type { Command } from "../../commands/commands.ts";
import type { ContainerFiles } from "./container-files.ts";
import { type Attributes, SftpError, STATUS } from "./packets.ts";

/** Begins one more command in the container. */
export type Begin = (command: string[]) => Promise<Command>;

/** What is no larger goes through the shell that is there already: a command of its own costs a tenth of a second. */
const SMALL_READ_BYTES = 256 * 1024;
const SMALL_WRITE_BYTES = 4 * 1024;
const BLOCK_BYTES = 65_536;

/** Runs one piece of work after the other, whatever became of the one before. */
class Line {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** One file that is read, mostly from its beginning to its end: then it is one stream. */
export class ReadFile {
  readonly #files: ContainerFiles;
  readonly #begin: Begin;
  readonly #path: string;
  readonly #size: number;
  readonly #line = new Line();
  #whole: Buffer | null = null;
  #stream: { command: Command; chunks: AsyncIterator<Buffer>; held: Buffer; at: number; hasEnded: boolean } | null =
    null;

  constructor(parts: { files: ContainerFiles; begin: Begin }, path: string, { size = 0 }: Attributes) {
    this.#files = parts.files;
    this.#begin = parts.begin;
    this.#path = path;
    this.#size = size;
  }

  /** Fewer bytes than asked for only at the end, and none behind it. */
  read(offset: number, length: number): Promise<Buffer> {
    return this.#line.run(() => (this.#isSmall ? this.#readWhole(offset, length) : this.#readOn(offset, length)));
  }

  close(): Promise<void> {
    return this.#line.run(() => this.#endStream());
  }

  /** What says that it has no size, as in /proc, may have any. */
  get #isSmall(): boolean {
    return this.#size > 0 && this.#size <= SMALL_READ_BYTES;
  }

  async #readWhole(offset: number, length: number): Promise<Buffer> {
    this.#whole ??= await this.#files.readWhole(this.#path);
    return this.#whole.subarray(offset, offset + length);
  }

  async #readOn(offset: number, length: number): Promise<Buffer> {
    const before = this.#stream;
    if (before?.hasEnded && before.held.length === 0 && offset >= before.at) return Buffer.alloc(0);
    const stream = before?.at === offset ? before : await this.#streamFrom(offset);
    const parts = [stream.held];
    let missing = length - stream.held.length;
    while (missing > 0 && !stream.hasEnded) {
      const { value, done } = await stream.chunks.next();
      if (done) stream.hasEnded = true;
      else {
        parts.push(value);
        missing -= value.length;
      }
    }
    const all = parts.length === 1 ? stream.held : Buffer.concat(parts);
    const data = all.subarray(0, length);
    stream.held = all.subarray(length);
    stream.at += data.length;
    return data;
  }

  async #streamFrom(offset: number) {
    await this.#endStream();
    const read = offset === 0 ? 'exec cat <"$1"' : `exec tail -c +${offset + 1} <"$1"`;
    const command = await this.#begin(["/bin/sh", "-c", read, "sh", this.#path]);
    command.stdin.end();
    command.stderr?.resume();
    const chunks = (command.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    this.#stream = { command, chunks, held: Buffer.alloc(0), at: offset, hasEnded: false };
    return this.#stream;
  }

  async #endStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    if (!stream || stream.hasEnded) return;
    // The rest is read and thrown away until the command has heard of its end.
    void drain(stream.chunks);
    await stream.command.hangUp();
  }
}

async function drain(chunks: AsyncIterator<Buffer>): Promise<void> {
  try {
    for (let done = false; !done;) ({ done = false } = await chunks.next());
  } catch {
    // It was cut off, as was wanted.
  }
}

/** One file that is written, mostly from its beginning to its end. */
export class WriteFile {
  readonly #files: ContainerFiles;
  readonly #begin: Begin;
  readonly #path: string;
  readonly #isAppended: boolean;
  readonly #line = new Line();
  /** What is kept to be written at the end, while it is little. */
  #small: Buffer[] = [];
  #smallBytes = 0;
  #stream: { command: Command; at: number; hasEnded: boolean } | null = null;
  #times: Attributes["times"];
  /** Something of it was lost. */
  #isBroken = false;

  constructor(parts: { files: ContainerFiles; begin: Begin }, path: string, isAppended: boolean) {
    this.#files = parts.files;
    this.#begin = parts.begin;
    this.#path = path;
    this.#isAppended = isAppended;
  }

  /** Resolves when the machine has taken it; that it is in the file, `close` says. */
  write(offset: number, data: Buffer): Promise<void> {
    return this.#line.run(async () => {
      const isLittle = this.#smallBytes + data.length <= SMALL_WRITE_BYTES;
      const isNext = this.#isAppended || offset === this.#smallBytes;
      if (!this.#stream && isLittle && isNext) {
        this.#small.push(Buffer.from(data));
        this.#smallBytes += data.length;
        return;
      }
      try {
        await this.#writeOn(offset, data);
      } catch (error) {
        this.#isBroken = true;
        throw error;
      }
    });
  }

  /** Everything that was written is in the file. */
  flush(): Promise<void> {
    return this.#line.run(() => this.#flush());
  }

  /** Times are set at the end: each write would set them anew. */
  keepTimes(times: Attributes["times"]): void {
    this.#times = times;
  }

  close(): Promise<void> {
    return this.#line.run(async () => {
      await this.#flush();
      this.#checkWhole();
      if (this.#times) await this.#files.setAttributes(this.#path, { times: this.#times });
    });
  }

  async #writeOn(offset: number, data: Buffer): Promise<void> {
    this.#checkWhole();
    let stream = this.#stream;
    if (!stream || (!this.#isAppended && stream.at !== offset)) {
      await this.#endStream();
      const little = this.#takeSmall();
      // What was kept comes right before.
      const isJoined = this.#isAppended || little.length === offset;
      if (!isJoined) await this.#writeSmall(little);
      stream = await this.#streamAt(isJoined ? 0 : offset);
      if (isJoined) await this.#send(stream, little);
    }
    await this.#send(stream, data);
  }

  async #streamAt(offset: number) {
    const [blocks, rest] = [Math.floor(offset / BLOCK_BYTES), offset % BLOCK_BYTES];
    // What reads from a file on descriptor 3 moves on where `cat` then writes.
    const skip = [
      ...(blocks > 0 ? [`dd bs=${BLOCK_BYTES} count=${blocks} <&3 >/dev/null 2>&1`] : []),
      ...(rest > 0 ? [`dd bs=${rest} count=1 <&3 >/dev/null 2>&1`] : []),
    ];
    const write = this.#isAppended ? 'exec cat >>"$1"' : ['exec 3<>"$1"', ...skip, "exec cat >&3"].join("; ");
    const command = await this.#begin(["/bin/sh", "-c", write, "sh", this.#path]);
    command.stdout.resume();
    command.stderr?.resume();
    const stream = { command, at: offset, hasEnded: false };
    command.stdin.once("close", () => (stream.hasEnded = true));
    this.#stream = stream;
    return stream;
  }

  async #send(stream: { command: Command; at: number; hasEnded: boolean }, data: Buffer): Promise<void> {
    if (data.length === 0) return;
    // As on a full disk, or where the file may not be written.
    this.#isBroken ||= stream.hasEnded;
    this.#checkWhole();
    await new Promise<void>((resolve, reject) => {
      stream.command.stdin.write(data, (error) => (error ? reject(error) : resolve()));
    });
    stream.at += data.length;
  }

  async #flush(): Promise<void> {
    await this.#endStream();
    await this.#writeSmall(this.#takeSmall());
  }

  #takeSmall(): Buffer {
    const little = Buffer.concat(this.#small);
    this.#small = [];
    this.#smallBytes = 0;
    return little;
  }

  async #writeSmall(little: Buffer): Promise<void> {
    if (little.length > 0) await this.#files.writeWhole(this.#path, little, this.#isAppended);
  }

  async #endStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    if (!stream) return;
    stream.command.stdin.end();
    this.#isBroken ||= (await stream.command.exitCode()) !== 0;
    this.#checkWhole();
  }

  /** Whatever else is asked of it: OpenSSH's clients believe the answer to the close, and take no other for a loss. */
  #checkWhole(): void {
    if (this.#isBroken) throw new SftpError(STATUS.failure, "It could not be written.");
  }
}
