import { pack } from "tar-stream";

/** A build's context: a tar of these files. */
export function contextOf(files: Record<string, string | Buffer>): AsyncIterable<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  return tar as AsyncIterable<Uint8Array>;
}
