import { EngineError, type EngineErrorKind, type RegistryCallOptions } from "../engine.ts";

/** What was seen of Docker 20.10 and 28.5, with either image store, in front of a registry that refuses. */
const REFUSED =
  /unauthorized|authentication required|access denied|access to the resource is denied|authorization failed|no basic auth credentials|403 Forbidden/i;
const ABSENT =
  /manifest unknown|failed to resolve reference .*: not found|tag does not exist|does not exist locally with the tag/i;

/** dockerode takes the credentials among the parameters. A token is passed through to the registry as it is. */
export function authentication({ registryToken }: RegistryCallOptions): { authconfig?: { registrytoken: string } } {
  return registryToken === undefined ? {} : { authconfig: { registrytoken: registryToken } };
}

/** Docker passes a registry's refusal on in words only, as 404, as 500 or inside the stream. */
export function registryRefusal<E>(error: E): E | EngineError {
  if (!(error instanceof EngineError)) return error;
  const { message, status } = error;
  const kind: EngineErrorKind = REFUSED.test(message) ? "rejected" : ABSENT.test(message) ? "not_found" : error.kind;
  return kind === error.kind ? error : new EngineError(kind, message, { status, cause: error });
}
