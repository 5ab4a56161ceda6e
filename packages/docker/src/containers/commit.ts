import { z } from "zod";
import { type CallOptions, type CommitRequest, EngineError } from "../engine.ts";
import { inspectImage } from "../images/inspect.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId, checkedReference } from "../wire/names.ts";
import { inspectContainer } from "./inspect.ts";

const COMMIT_MS = 30_000;

const Committed = z.object({ Id: z.string().min(1) });

export async function commitContainer(
  link: EngineLink,
  id: string,
  { repository, tag, comment = "", labels, pause = true }: CommitRequest,
  options: CallOptions | undefined,
): Promise<{ image_id: string }> {
  const container = checkedContainerId(id);
  checkedReference(`${repository}:${tag}`);
  const parameters = {
    _query: { container, repo: repository, tag, comment, pause },
    _body: { Labels: { ...(await emptiedLabels(link, container, options)), ...labels } },
  };
  const committed = await link.call(
    (docker) => docker.getContainer(container).commit(parameters),
    Committed,
    options,
    COMMIT_MS,
  );
  return { image_id: committed.Id };
}

/**
 * A commit adds the container's labels to those it is given (moby daemon/commit.go merges them) and none can be taken
 * out, so those that the container got at its creation are emptied; those of its image stay.
 */
async function emptiedLabels(
  link: EngineLink,
  container: string,
  options: CallOptions | undefined,
): Promise<Record<string, string>> {
  const { labels, image_id } = await inspectContainer(link, container, options);
  const inherited = await imageLabels(link, image_id, options);
  const own = Object.keys(labels).filter((key) => labels[key] !== inherited[key]);
  return Object.fromEntries(own.map((key) => [key, inherited[key] ?? ""]));
}

/** A container outlives its image where that was removed by force: then all labels are its own. */
async function imageLabels(
  link: EngineLink,
  imageId: string,
  options: CallOptions | undefined,
): Promise<Record<string, string>> {
  try {
    return (await inspectImage(link, imageId, options)).labels;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "not_found") return {};
    throw error;
  }
}
