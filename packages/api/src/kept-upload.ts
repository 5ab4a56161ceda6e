import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DomainError } from "@berth/spec/error-code.ts";
import type { UploadedFile } from "@berth/spec/image.ts";

export interface KeptUpload extends UploadedFile {
  /** Lets it go. What still reads from it fails. */
  close(): Promise<void>;
}

const READ_BYTES = 64 * 1024;

/**
 * Takes a file in without holding it in memory: it lies in the folder for temporary files (`TMPDIR`) without a name, so
 * that nothing of it is left however this process ends. PAYLOAD_TOO_LARGE for more than
 * `maxBytes`; else throws what `chunks` throws.
 */
export async function keepUpload(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<KeptUpload> {
  const path = join(tmpdir(), `berth-upload-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  let size = 0;
  try {
    await unlink(path);
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw new DomainError("PAYLOAD_TOO_LARGE", `The file is larger than ${maxBytes} bytes.`);
      await file.writeFile(chunk);
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    size,
    async *read(start = 0, end = size) {
      for (let at = start; at < end;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(READ_BYTES, end - at)), 0, null, at);
        if (bytesRead === 0) throw new Error("a file that was uploaded is shorter than it was");
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    close: () => file.close(),
  };
}
