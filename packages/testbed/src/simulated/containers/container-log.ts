export interface LogRecord {
  stream: "stdout" | "stderr";
  time_ns: bigint;
  /** One line with its end, or what was written of it when the process ended. */
  line: Uint8Array;
}

/** How much one container's log keeps at least, and twice of it at most: enough to look at, cheap for thousands of them. */
const KEPT_BYTES = 1024 * 1024;

/** What a container has written, as json-file keeps it: by line, each with its time. */
export class ContainerLog {
  #records: LogRecord[] = [];
  #bytes = 0;
  #partial: Partial<Record<"stdout" | "stderr", Uint8Array>> = {};
  readonly #followers = new Set<(record: LogRecord) => void>();
  readonly #attached = new Set<(stream: "stdout" | "stderr", bytes: Uint8Array) => void>();

  append(stream: "stdout" | "stderr", bytes: Uint8Array, timeNs: bigint): void {
    for (const attached of this.#attached) attached(stream, bytes);
    let rest = Buffer.concat([this.#partial[stream] ?? new Uint8Array(), bytes]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#add({ stream, time_ns: timeNs, line: rest.subarray(0, end + 1) });
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#partial[stream] = rest;
    else delete this.#partial[stream];
  }

  /** The process has ended: what it left of a line is a line. */
  flush(timeNs: bigint): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const line = this.#partial[stream];
      if (line) this.#add({ stream, time_ns: timeNs, line });
    }
    this.#partial = {};
  }

  records(): readonly LogRecord[] {
    return this.#records;
  }

  restore(records: LogRecord[]): void {
    for (const record of records) this.#add(record);
  }

  follow(follower: (record: LogRecord) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Raw output as it comes, for who is attached. */
  attach(listener: (stream: "stdout" | "stderr", bytes: Uint8Array) => void): () => void {
    this.#attached.add(listener);
    return () => this.#attached.delete(listener);
  }

  /** The oldest, many at once: one by one each would move all that follow. */
  #forget(): void {
    let forgotten = 0;
    while (this.#bytes > KEPT_BYTES && forgotten < this.#records.length - 1) {
      this.#bytes -= this.#records[forgotten++]?.line.length ?? 0;
    }
    this.#records = this.#records.slice(forgotten);
  }

  #add(record: LogRecord): void {
    this.#records.push(record);
    this.#bytes += record.line.length;
    if (this.#bytes > 2 * KEPT_BYTES) this.#forget();
    for (const follower of this.#followers) follower(record);
  }
}
