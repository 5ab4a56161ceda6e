import { Readable } from "node:stream";
import type Docker from "dockerode";
import { z } from "zod";
import { type BuildOptions, type BuildRequest, EngineError } from "../engine.ts";
import { bodyChunks } from "../transport/body.ts";
import type { CallScope } from "../transport/call-scope.ts";
import { stallCountdown } from "../transport/countdown.ts";
import type { Apart } from "../transport/dockerode.ts";
import { decode, type EngineLink } from "../transport/engine-link.ts";
import { laterStep, notDocker, shortened } from "../transport/failures.ts";
import { taggedName } from "../wire/names.ts";
import { ndjsonValues } from "../wire/ndjson.ts";
import { inspectImage } from "./inspect.ts";
import { watchedUpload } from "./watched-upload.ts";

const BUILD_MS = 60 * 60_000;

/** `status` is a base image's, which the engine pulls. */
const BuildLine = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  aux: z.object({ ID: z.string().optional() }).nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

export async function buildImage(
  link: EngineLink,
  context: AsyncIterable<Uint8Array> | null,
  request: BuildRequest,
  options: BuildOptions = {},
): Promise<{ image_id: string }> {
  if ((context === null) === (request.remote === undefined)) {
    throw new EngineError("rejected", "A build takes a context or a git URL, one of the two.", { sent: false });
  }
  const id = await build(link, context, request, options);
  const { signal } = options;
  const image = await laterStep(inspectImage(link, id, signal ? { signal } : undefined));
  return { image_id: image.id };
}

/** Resolves with the id that the engine gives what it has built and named. */
async function build(
  link: EngineLink,
  context: AsyncIterable<Uint8Array> | null,
  request: BuildRequest,
  options: BuildOptions,
): Promise<string> {
  const parameters = describe(request, options);
  const left = stallCountdown({ deadlineMs: BUILD_MS, ...options }, BUILD_MS);
  let moved = (): void => {};
  const opened = (scope: CallScope): void => {
    moved = () => scope.restart(left());
  };
  const body = context && Readable.from(watchedUpload(context, () => moved()));
  const { response, scope } = await link.open(
    // dockerode's types want a stream also where there is nothing to send.
    (docker) => docker.buildImage(body as NodeJS.ReadableStream, parameters),
    options.signal,
    left(),
    opened,
  );
  const output = new BuildOutput(options.onOutput);
  let imageId = "";
  let isNamed = false;
  try {
    for await (const { value } of ndjsonValues(bodyChunks(response, scope))) {
      const line = decode(BuildLine, value);
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw new EngineError("failed", shortened(failure));
      if (line.aux?.ID !== undefined) imageId = line.aux.ID; // each stage of a Dockerfile has one; the last is the image
      if (line.stream?.startsWith("Successfully tagged ")) isNamed = true;
      output.take(line);
      scope.restart(left());
    }
  } finally {
    response.destroy();
    scope.end();
  }
  if (imageId === "" || !isNamed) throw notDocker("its build ended without an image");
  return imageId;
}

function describe(request: BuildRequest, { registryTokens }: BuildOptions): Apart<Docker.ImageBuildOptions> {
  const { repository, tag } = taggedName(request.tag);
  const { dockerfile, remote, build_args, labels, memory_bytes: memory } = request;
  const query = {
    version: "1",
    t: `${repository}:${tag}`,
    dockerfile,
    remote,
    buildargs: build_args,
    labels,
    rm: 1,
    forcerm: 1, // the container of a step that fails as well
    ...(memory === undefined ? {} : { memory, memswap: memory }),
  };
  const tokens = Object.entries(registryTokens ?? {});
  if (tokens.length === 0) return { _query: query, _body: {} };
  const registryconfig = Object.fromEntries(tokens.map(([host, registrytoken]) => [host, { registrytoken }]));
  // dockerode's types know of passwords only.
  return { _query: query, _body: {}, registryconfig: registryconfig as unknown as Docker.RegistryConfig };
}

/** What a person reads of a build. Of a base image's pull only what is new of each layer, not every figure. */
class BuildOutput {
  readonly #tell: ((text: string) => void) | undefined;
  readonly #told = new Map<string, string>();

  constructor(tell: BuildOptions["onOutput"]) {
    this.#tell = tell;
  }

  take({ stream, status, id = "" }: z.infer<typeof BuildLine>): void {
    if (stream !== undefined) this.#tell?.(stream);
    if (status === undefined || this.#told.get(id) === status) return;
    if (id !== "") this.#told.set(id, status);
    this.#tell?.(id === "" ? `${status}\n` : `${id}: ${status}\n`);
  }
}
