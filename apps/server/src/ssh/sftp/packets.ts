/** SFTP version 3, as OpenSSH speaks it (draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL). */

export const REQUEST = {
  1: "init",
  3: "open",
  4: "close",
  5: "read",
  6: "write",
  7: "lstat",
  8: "fstat",
  9: "setstat",
  10: "fsetstat",
  11: "opendir",
  12: "readdir",
  13: "remove",
  14: "mkdir",
  15: "rmdir",
  16: "realpath",
  17: "stat",
  18: "rename",
  19: "readlink",
  20: "symlink",
  200: "extended",
} as const;

const ANSWER = { version: 2, status: 101, handle: 102, data: 103, name: 104, attrs: 105, extended: 201 } as const;

export const STATUS = { ok: 0, eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

export const OPEN = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** One answer for a request that can't be done. */
export class SftpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** All optional: what is left out is not to be changed, or not known. Times are seconds since 1970. */
export interface Attributes {
  size?: number;
  owner?: { user: number; group: number };
  /** With the type of the file, as `stat` has it. */
  mode?: number;
  times?: { accessed: number; modified: number };
}

const HAS = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x8000_0000 } as const;

/** Reads the fields of one packet. Names are latin1, which keeps whatever bytes they are made of. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#take(1).readUInt8();
  }

  u32(): number {
    return this.#take(4).readUInt32BE();
  }

  u64(): number {
    return Number(this.#take(8).readBigUInt64BE());
  }

  bytes(): Buffer {
    return this.#take(this.u32());
  }

  text(): string {
    return this.bytes().toString("latin1");
  }

  attributes(): Attributes {
    const flags = this.u32();
    const attributes: Attributes = {};
    if (flags & HAS.size) attributes.size = this.u64();
    if (flags & HAS.owner) attributes.owner = { user: this.u32(), group: this.u32() };
    if (flags & HAS.mode) attributes.mode = this.u32();
    if (flags & HAS.times) attributes.times = { accessed: this.u32(), modified: this.u32() };
    return attributes;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new SftpError(STATUS.failure, "The packet is cut off.");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

/** Cuts a stream of bytes into packets. Throws for one that is longer than any that is asked for. */
export class PacketReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): Buffer[] {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    const packets: Buffer[] = [];
    for (;;) {
      if (this.#length < 4) return packets;
      if (this.#parts[0]!.length < 4) this.#join();
      const length = this.#parts[0]!.readUInt32BE(0);
      if (length === 0 || length > this.#maxBytes)
        throw new SftpError(STATUS.failure, `A packet of ${length} bytes is not taken.`);
      if (this.#length < 4 + length) return packets;
      const all = this.#join();
      packets.push(all.subarray(4, 4 + length));
      this.#parts = [all.subarray(4 + length)];
      this.#length -= 4 + length;
    }
  }

  #join(): Buffer {
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first) return first;
    const all = Buffer.concat(this.#parts, this.#length);
    this.#parts = [all];
    return all;
  }
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const u64 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

const string = (value: string | Buffer): Buffer => {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  return Buffer.concat([u32(bytes.length), bytes]);
};

const attributesOf = ({ size, owner, mode, times }: Attributes): Buffer =>
  Buffer.concat([
    u32(
      (size === undefined ? 0 : HAS.size) |
        (owner ? HAS.owner : 0) |
        (mode === undefined ? 0 : HAS.mode) |
        (times ? HAS.times : 0),
    ),
    ...(size === undefined ? [] : [u64(size)]),
    ...(owner ? [u32(owner.user), u32(owner.group)] : []),
    ...(mode === undefined ? [] : [u32(mode)]),
    ...(times ? [u32(times.accessed), u32(times.modified)] : []),
  ]);

function packet(type: number, ...parts: Buffer[]): Buffer {
  const length = 1 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([u32(length), Buffer.of(type), ...parts]);
}

export interface Named {
  name: string;
  /** As `ls -l` shows it. */
  longName: string;
  attributes: Attributes;
}

export const answer = {
  version: (extensions: readonly [string, string][]): Buffer =>
    packet(ANSWER.version, u32(3), ...extensions.flatMap(([name, data]) => [string(name), string(data)])),
  status: (id: number, status: number, message: string): Buffer =>
    packet(ANSWER.status, u32(id), u32(status), string(message), string("")),
  handle: (id: number, handle: string): Buffer => packet(ANSWER.handle, u32(id), string(handle)),
  data: (id: number, data: Buffer): Buffer => packet(ANSWER.data, u32(id), string(data)),
  names: (id: number, names: readonly Named[]): Buffer =>
    packet(
      ANSWER.name,
      u32(id),
      u32(names.length),
      ...names.flatMap(({ name, longName, attributes }) => [string(name), string(longName), attributesOf(attributes)]),
    ),
  attributes: (id: number, attributes: Attributes): Buffer => packet(ANSWER.attrs, u32(id), attributesOf(attributes)),
  limits: (id: number, limits: readonly number[]): Buffer => packet(ANSWER.extended, u32(id), ...limits.map(u64)),
};
