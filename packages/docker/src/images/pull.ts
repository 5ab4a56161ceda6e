import { EngineError, type InspectedImage, type PullOptions } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import { stallCountdown } from "../transport/countdown.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { laterStep, notDocker, shortened } from "../transport/failures.ts";
import { checkedReference } from "../wire/names.ts";
import { ndjsonValues } from "../wire/ndjson.ts";
import { inspectImage } from "./inspect.ts";
import { PullLine, PullProgress } from "./pull-progress.ts";
import { authentication, registryRefusal } from "./registry-access.ts";

const STALL_MS = 120_000;

export async function pullImage(
  link: EngineLink,
  reference: string,
  options: PullOptions = {},
): Promise<InspectedImage> {
  await download(link, checkedReference(reference), options);
  const { signal } = options;
  // The stream's word is not enough: what counts is that the image is there.
  try {
    return await laterStep(inspectImage(link, reference, signal ? { signal } : undefined));
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
    // Not `not_found`: the registry has it, and another pull may well bring it.
    const message = `${reference} was pulled, and is not there: somebody removed it at once.`;
    throw new EngineError("failed", message, { sent: true, cause: error });
  }
}

async function download(link: EngineLink, reference: string, options: PullOptions): Promise<void> {
  const left = stallCountdown(options, STALL_MS);
  const { response, scope } = await link
    .open((docker) => docker.pull(reference, authentication(options)), options.signal, left())
    .catch((error: unknown) => {
      throw registryRefusal(error);
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
