import { Readable } from "node:stream";
import type Docker from "dockerode";
import { z } from "zod";
import { EngineError, type ImportOptions, type ImportRequest } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import type { CallScope } from "../transport/call-scope.ts";
import { stallCountdown } from "../transport/countdown.ts";
import type { Apart } from "../transport/dockerode.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { laterStep, shortened } from "../transport/failures.ts";
import { taggedName } from "../wire/names.ts";
import { ndjsonValues } from "../wire/ndjson.ts";
import { inspectImage } from "./inspect.ts";
import { removeImage } from "./remove.ts";
import { tagImage } from "./tag.ts";
import { watchedUpload } from "./watched-upload.ts";

const STALL_MS = 120_000;

const ImportLine = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

export async function importImage(
  link: EngineLink,
  tar: AsyncIterable<Uint8Array>,
  request: ImportRequest,
  options: ImportOptions = {},
): Promise<{ image_id: string }> {
  const { repository, tag } = taggedName(request.tag);
  // The containerd store makes an image of whatever had come when an upload breaks off: it must not bear the name.
  const before = `${repository}:${tag}-importing`;
  const call = options.signal ? { signal: options.signal } : undefined;
  try {
    await upload(link, tar, { ...request, tag: before }, options);
    await laterStep(tagImage(link, before, request.tag, call));
    // The last line of its stream is an id, which engines tell in different forms.
    const { id: image_id } = await laterStep(inspectImage(link, request.tag, call));
    return { image_id };
  } finally {
    // What is left of it takes a little space, and the next import has the same name for it.
    await removeImage(link, before, call).catch(() => undefined);
  }
}

async function upload(
  link: EngineLink,
  tar: AsyncIterable<Uint8Array>,
  request: ImportRequest,
  options: ImportOptions,
): Promise<void> {
  const { repository: repo, tag } = taggedName(request.tag);
  const left = stallCountdown(options, STALL_MS);
  let moved = (): void => {};
  const opened = (scope: CallScope): void => {
    moved = () => scope.restart(left());
  };
  const parameters: Apart<object> = {
    _query: { fromSrc: "-", repo, tag, changes: request.changes, message: request.comment },
    _body: {},
  };
  const body = Readable.from(watchedUpload(tar, () => moved()));
  const { response, scope } = await link.open(
    (docker: Docker) => docker.importImage(body, parameters),
    options.signal,
    left(),
    opened,
  );
  try {
    for await (const { value } of ndjsonValues(bodyChunks(response, scope))) {
      const line = decode(ImportLine, value);
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw new EngineError("failed", shortened(failure));
      scope.restart(left());
    }
  } finally {
    response.destroy();
    scope.end();
  }
}
