import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";

const NAME = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Takes the name for the container, or throws: names are the only mutex of a create. */
export function reserveName(daemon: Daemon, name: string, id: string, shownName = name): void {
  if (!NAME.test(name)) {
    throw new DockerError(400, `Invalid container name (${shownName}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  const bare = name.replace(/^\//, "");
  const owner = daemon.containerNames.get(bare);
  if (owner !== undefined) {
    const message =
      `Conflict. The container name "/${bare}" is already in use by container "${owner}". ` +
      "You have to remove (or rename) that container to be able to reuse that name.";
    throw new DockerError(409, message);
  }
  daemon.containerNames.set(bare, id);
}
