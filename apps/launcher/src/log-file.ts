import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

const MAX_SIZE_BYTES = 10 * 1024 * 1024;

/** A log that is kept below twice its maximum: when it is full it becomes `<name>.1`, and the older one goes. */
export class LogFile {
  readonly path: string;
  readonly #maxSizeBytes: number;
  #descriptor: number;
  #sizeBytes: number;

  constructor(path: string, maxSizeBytes = MAX_SIZE_BYTES) {
    this.path = path;
    this.#maxSizeBytes = maxSizeBytes;
    [this.#descriptor, this.#sizeBytes] = openForAppend(path);
  }

  /** Written when it returns, so that the last words of a process that dies are there. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxSizeBytes) this.#rotate();
    writeSync(this.#descriptor, bytes);
    this.#sizeBytes += bytes.length;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    closeSync(this.#descriptor);
    renameSync(this.path, `${this.path}.1`);
    [this.#descriptor, this.#sizeBytes] = openForAppend(this.path);
  }
}

function openForAppend(path: string): [descriptor: number, sizeBytes: number] {
  const descriptor = openSync(path, "a", 0o600);
  return [descriptor, fstatSync(descriptor).size];
}
