import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

const MAX_SIZE_BYTES = 10 * 1024 * 1024;

/**
 * A log that is kept below twice its maximum: when it is full it becomes `<name>.1`, and the older one goes. What can't be
 * written, as on a full disk, is lost, and that is said once: whoever writes here has more to do than that.
 */
export class LogFile {
  readonly path: string;
  readonly #maxSizeBytes: number;
  readonly #complain: (line: string) => void;
  #descriptor: number;
  #sizeBytes: number;
  #isLosing = false;

  constructor(path: string, maxSizeBytes = MAX_SIZE_BYTES, complain = (line: string) => console.error(line)) {
    this.path = path;
    this.#maxSizeBytes = maxSizeBytes;
    this.#complain = complain;
    [this.#descriptor, this.#sizeBytes] = openForAppend(path);
  }

  /** Written when it returns, so that the last words of a process that dies are there. */
  write(text: string): void {
    try {
      this.#append(Buffer.from(text));
      this.#isLosing = false;
    } catch (error) {
      if (!this.#isLosing) this.#complain(`${this.path} can't be written, lines are lost: ${(error as Error).message}`);
      this.#isLosing = true;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(bytes: Buffer): void {
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxSizeBytes) this.#rotate();
    writeSync(this.#descriptor, bytes);
    this.#sizeBytes += bytes.length;
  }

  /** The old one stays open until there is a new one. */
  #rotate(): void {
    try {
      renameSync(this.path, `${this.path}.1`);
    } catch (error) {
      // It was taken away, by hand or by an attempt that then got no new one.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const opened = openForAppend(this.path);
    closeSync(this.#descriptor);
    [this.#descriptor, this.#sizeBytes] = opened;
  }
}

function openForAppend(path: string): [descriptor: number, sizeBytes: number] {
  const descriptor = openSync(path, "a", 0o600);
  return [descriptor, fstatSync(descriptor).size];
}
