const BLOCK = 512;
const NAME_BYTES = 100;
const encoder = new TextEncoder();

export interface PickedFile {
  /** `folder/file`, relative. */
  path: string;
  file: Blob & { lastModified?: number };
}

/**
 * A tar of these files, which are read only as it is sent. Names of more than 100 bytes have GNU's entry of the long name
 * in front. Everything is `rw-r--r--`: a browser does not tell.
 */
export function packFiles(files: readonly PickedFile[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of files) {
    const name = encoder.encode(path);
    if (name.length > NAME_BYTES) {
      const ended = new Uint8Array([...name, 0]);
      parts.push(headerOf(encoder.encode("././@LongLink"), ended.length, 0, "L"), ended, paddingOf(ended.length));
    }
    const mtime = Math.floor((file.lastModified ?? 0) / 1_000);
    parts.push(headerOf(name.subarray(0, NAME_BYTES), file.size, mtime, "0"), file, paddingOf(file.size));
  }
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: "application/x-tar" });
}

function headerOf(name: Uint8Array, size: number, mtime: number, type: "0" | "L"): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number): void => header.set(encoder.encode(text), at);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  header.set(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(mtime, 11), 136);
  put(type, 156);
  put("ustar  \0", 257);
  // The sum is made as if its own place were blank.
  put(" ".repeat(8), 148);
  put(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  );
  return header;
}

const paddingOf = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
