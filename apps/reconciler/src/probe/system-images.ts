import { findSystemImage, readSystemImage } from "@berth/db/system-image/system-image.ts";
import type { Sql } from "@berth/db/sql.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { packFiles, SYSTEM_IMAGE_CHANGES } from "@berth/docker/system-image/assemble.ts";
import { LABEL, SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import type { Logger } from "pino";
import type { MachineSession } from "../machines/machine-session.ts";

const LOOK_MS = 60_000;
/** Where none is stored yet, it is being made. */
const LOOK_AGAIN_MS = 5_000;

/** The system image as the database has it. Whoever starts Berth puts it there. */
export interface SystemImages {
  /** Of the image that machines should have; null where none is stored (yet). */
  readonly digest: string | null;
  /** Resolves when the database was first asked, well or not. */
  readonly ready: Promise<void>;
  /** Its content is a gzipped tar file. Null where none is stored. */
  read(): Promise<{ digest: string; content: Buffer } | null>;
  close(): void;
}

/** Looks once a minute, or more often until there is one, whether another one was stored; `onChange` hears of that. */
export function followSystemImages(sql: Sql, log: Logger, onChange: () => void): SystemImages {
  let digest: string | null = null;
  const look = async (): Promise<void> => {
    try {
      const found = (await findSystemImage(sql, SYSTEM_IMAGE))?.digest ?? null;
      if (found === digest) return;
      digest = found;
      onChange();
    } catch (error) {
      log.debug({ err: error }, "could not look for the system image; in a minute again");
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const follow = async (): Promise<void> => {
    await look();
    if (!isClosed) timer = setTimeout(() => void follow(), digest === null ? LOOK_AGAIN_MS : LOOK_MS).unref();
  };
  const ready = follow();
  return {
    get digest() {
      return digest;
    },
    ready,
    read: () => readSystemImage(sql, SYSTEM_IMAGE),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** What a simulated machine gets: nothing on it runs, so that none of it need be there. */
const SIMULATED_DIGEST = `sha256:${"0".repeat(64)}`;

async function simulatedImage(): Promise<{ digest: string; content: Buffer }> {
  const script = { content: Buffer.from("# The simulated engine plays it.\n") };
  return { digest: SIMULATED_DIGEST, content: await packFiles({ "berth/probe.sh": script }) };
}

export const wantedDigest = ({ row, context }: MachineSession): string | null =>
  row.simulated ? SIMULATED_DIGEST : (context.systemImages?.digest ?? null);

/** Makes sure that the machine's engine has the system image as it should be. Throws where none is stored. */
export async function bringSystemImage(session: MachineSession): Promise<void> {
  const { engine, log } = session;
  const digest = wantedDigest(session);
  if ((await digestOnEngine(session)) === digest && digest !== null) return;
  const image = session.row.simulated ? await simulatedImage() : await session.context.systemImages?.read();
  if (!image) throw new Error("no system image is stored");
  const changes = [...SYSTEM_IMAGE_CHANGES, `LABEL ${LABEL.system}=image ${LABEL.digest}=${image.digest}`];
  await session.pull(() => engine.importImage(inParts(image.content), { tag: SYSTEM_IMAGE, changes }));
  log.info({ digest: image.digest }, "brought Berth's own image to the machine");
}

async function digestOnEngine(session: MachineSession): Promise<string | null> {
  try {
    return (await session.read(() => session.engine.inspectImage(SYSTEM_IMAGE))).labels[LABEL.digest] ?? null;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return null;
    throw error;
  }
}

async function* inParts(content: Buffer): AsyncGenerator<Uint8Array, void, void> {
  const size = 64 * 1024;
  for (let at = 0; at < content.length; at += size) yield await Promise.resolve(content.subarray(at, at + size));
}
