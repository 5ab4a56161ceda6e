import { type CallOptions, EngineError, type InspectedImage, type PullOptions } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { laterStep, notDocker, shortened } from "../transport/failures.ts";
import { checkedReference } from "../wire/names.ts";
import { ndjsonValues } from "../wire/ndjson.ts";
import { inspectImage } from "./inspect.ts";
import { PullLine, PullProgress } from "./pull-progress.ts";

const STALL_MS = 120_000;

export async function pullImage(
  link: EngineLink,
  reference: string,
  options: PullOptions = {},
): Promise<InspectedImage> {
  await download(link, checkedReference(reference), options);
  const { signal } = options;
  // The stream's word is not enough: what counts is that the image is there.
  return laterStep(inspectImage(link, reference, signal ? { signal } : undefined));
}

async function download(link: EngineLink, reference: string, options: PullOptions): Promise<void> {
  const left = countdown(options);
  const { response, scope } = await link
    .open((docker) => docker.pull(reference, authentication(options)), options.signal, left())
    .catch((error: unknown) => {
      throw error instanceof EngineError ? registryRefusal(error) : error;
    });
  const progress = new PullProgress(options.onProgress);
  let isComplete = false;
  try {
    for await (const { value } of ndjsonValues(bodyChunks(response, scope))) {
      const line = decode(PullLine, value);
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw registryRefusal(new EngineError("failed", shortened(failure)));
      if (line.status?.startsWith("Status: ")) isComplete = true;
      if (progress.take(line)) scope.restart(left());
    }
  } finally {
    progress.end();
    response.destroy();
    scope.end();
  }
  if (!isComplete) throw notDocker("its pull ended without a word of success");
}

/** dockerode's `pull` takes the credentials among the parameters. A token is passed through to the registry as it is. */
function authentication({ registryToken }: PullOptions): { authconfig?: { registrytoken: string } } {
  return registryToken === undefined ? {} : { authconfig: { registrytoken: registryToken } };
}

/** How long the next sign of life may take: the stall limit, or what is left of a total limit that was asked for. */
function countdown({ deadlineMs, stallTimeoutMs = STALL_MS }: CallOptions & { stallTimeoutMs?: number }): () => number {
  if (deadlineMs === undefined) return () => stallTimeoutMs;
  const end = performance.now() + deadlineMs;
  return () => Math.max(0, Math.min(stallTimeoutMs, end - performance.now()));
}

/** Docker passes a registry's refusal on in words only, as 404, as 500 or inside the stream. */
function registryRefusal(error: EngineError): EngineError {
  const kind = /unauthorized|authentication required|pull access denied|access to the resource is denied/i.test(
    error.message,
  )
    ? "rejected"
    : /manifest unknown|failed to resolve reference .*: not found/i.test(error.message)
      ? "not_found"
      : error.kind;
  return kind === error.kind ? error : new EngineError(kind, error.message, { status: error.status, cause: error });
}
