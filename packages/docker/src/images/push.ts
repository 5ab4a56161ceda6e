import type { ImagePushOptions } from "dockerode";
import { z } from "zod";
import { EngineError, type PushedImage, type PushOptions } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import { stallCountdown } from "../transport/countdown.ts";
import type { Apart } from "../transport/dockerode.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { notDocker, shortened } from "../transport/failures.ts";
import { taggedName } from "../wire/names.ts";
import { ndjsonValues } from "../wire/ndjson.ts";
import { PullLine } from "./pull-progress.ts";
import { PushProgress } from "./push-progress.ts";
import { registryRefusal } from "./registry-access.ts";

const STALL_MS = 120_000;

const PushLine = PullLine.extend({
  aux: z.object({ Digest: z.string().optional(), Size: z.number().optional() }).nullish(),
});
type PushLine = z.infer<typeof PushLine>;

export async function pushImage(link: EngineLink, reference: string, options: PushOptions = {}): Promise<PushedImage> {
  const { repository, tag } = taggedName(reference);
  const left = stallCountdown(options, STALL_MS);
  // Docker 20.10 refuses a push that comes without credentials, even without any.
  const authconfig = options.registryToken === undefined ? {} : { registrytoken: options.registryToken };
  const parameters: Apart<ImagePushOptions> = { authconfig, _query: { tag }, _body: {} };
  const { response, scope } = await link
    .open((docker) => docker.getImage(repository).push(parameters), options.signal, left())
    .catch((error: unknown) => {
      throw registryRefusal(error);
    });
  const progress = new PushProgress(options.onProgress);
  let pushed: PushedImage | null = null;
  try {
    for await (const { value } of ndjsonValues(bodyChunks(response, scope))) {
      const line = decode(PushLine, value);
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw registryRefusal(new EngineError("failed", shortened(failure)));
      pushed = lastWord(line, tag) ?? pushed;
      if (progress.take(line)) scope.restart(left());
    }
  } finally {
    progress.end();
    response.destroy();
    scope.end();
  }
  if (!pushed) throw notDocker("its push ended without a digest");
  return pushed;
}

/** As data from Docker's own store; the containerd store (28.5) says it in words only. */
function lastWord({ aux, status = "" }: PushLine, tag: string): PushedImage | null {
  if (aux?.Digest !== undefined) return { digest: aux.Digest, size_bytes: aux.Size ?? 0 };
  const [, said, digest = "", size] = /^(\S+): digest: (sha256:[a-f0-9]{64}) size: (\d+)$/.exec(status) ?? [];
  return said === tag ? { digest, size_bytes: Number(size) } : null;
}
