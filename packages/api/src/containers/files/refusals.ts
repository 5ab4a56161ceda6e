import { EngineError } from "@berth/docker/engine.ts";
import { DomainError, type ErrorCode } from "@berth/spec/error-code.ts";
import type { AuthedContext } from "../../context.ts";
import { findOnEngine, type OnEngine } from "../on-engine.ts";
import { refusalOfEngine } from "../refusal-of-engine.ts";
import { EXIT } from "./scripts.ts";

/** Of Docker, for a command that can't be started, or isn't there. */
const NO_SHELL = [126, 127];

/**
 * Where the files of a container are that its caller may look into and change. A token that may only read is refused:
 * what lies there can hold keys to other places. CONFLICT while it moves: what is there is on its way already.
 */
export async function findFiles(
  ctx: Pick<AuthedContext, "sql" | "actor" | "engines">,
  container_id: number,
): Promise<OnEngine> {
  if (ctx.actor.scope !== "write") {
    throw new DomainError("FORBIDDEN", "This token may only read: use one of scope write to get at files.");
  }
  const found = await findOnEngine(ctx, container_id);
  const { name, moving, phase, desired } = found.container;
  if (desired === "removed") throw new DomainError("CONFLICT", `${name} is being removed.`, { phase });
  if (moving) throw new DomainError("CONFLICT", `${name} is being moved to another machine: wait until it is there.`);
  return found;
}

/** What a failure of the engine says to whoever wanted files. Anything else is passed on as it is. */
export async function fileFailure(error: unknown, place: OnEngine): Promise<unknown> {
  if (!(error instanceof EngineError)) return error;
  const { container, machine_id } = place;
  switch (error.kind) {
    case "conflict":
      return standstill(place);
    case "rejected":
      return new DomainError("UNPROCESSABLE", `Nothing can be started in ${container.name}: ${error.message}`);
    default:
      return refusalOfEngine(error, { ...container, machine_id });
  }
}

/** Why nothing can be started in it: engines refuse one that is paused, as while it is committed, as one that has stopped. */
export async function standstill({ engine, engine_id, container }: OnEngine): Promise<DomainError> {
  const { name, phase } = container;
  const seen = await engine.inspectContainer(engine_id, { deadlineMs: 3_000 }).catch(() => null);
  const message =
    seen?.state === "paused"
      ? `${name} stands still while it is saved: try again when that is done.`
      : `${name} does not run: start it to get at its files.`;
  return new DomainError("CONFLICT", message, { phase });
}

const SENTENCES: Record<number, [ErrorCode, (path: string) => string]> = {
  [EXIT.missing]: ["NOT_FOUND", (path) => `${path} is not there.`],
  [EXIT.noFolder]: ["UNPROCESSABLE", (path) => `${path} is no folder.`],
  [EXIT.forbidden]: ["FORBIDDEN", (path) => `The container's user may not do this with ${path}, or it is read-only.`],
  [EXIT.noTools]: [
    "UNPROCESSABLE",
    () => "The image lacks the tools for this (find, stat, head, cat, tar, mv): install coreutils, or use scp.",
  ],
  [EXIT.notWhole]: ["UNPROCESSABLE", (path) => `${path} can't be had as a whole: choose a folder in it.`],
  [EXIT.special]: ["UNPROCESSABLE", (path) => `${path} is neither a file nor a folder.`],
  [EXIT.isFolder]: ["CONFLICT", (path) => `${path} is a folder: choose another name.`],
  [EXIT.exists]: ["CONFLICT", (path) => `${path} is there already: send overwrite=true to replace it.`],
  [EXIT.noSpace]: ["UNPROCESSABLE", (path) => `${path} could not be written: there is no room left in the container.`],
  [EXIT.cut]: ["BAD_REQUEST", (path) => `Not all of ${path} arrived, and nothing of it was kept: send it again.`],
};

/** What the end of one of the scripts says. */
export function scriptFailure(exitCode: number | null, path: string): DomainError {
  const [code, sentence] = SENTENCES[exitCode ?? -1] ?? [];
  if (code && sentence) {
    const details = exitCode === EXIT.exists ? { exists: true } : undefined;
    return new DomainError(code, sentence(path), details);
  }
  if (exitCode !== null && NO_SHELL.includes(exitCode)) {
    return new DomainError("UNPROCESSABLE", "The image has no shell, without which files can't be got at.");
  }
  return new DomainError("CONFLICT", `${path} could not be had: the container stopped, or a program in it failed.`);
}
