import { needSpaceForState } from "../disk.ts";
import { DockerError } from "../docker-error.ts";
import type { Call, Reply } from "../http/call.ts";
import { reserveName } from "./container-name.ts";
import { withLock } from "./container-record.ts";
import { keepNameInLists, showInLists } from "./lagging-lists.ts";

/** `POST /containers/:id/rename`. */
export async function renameContainer({ daemon, params, query }: Call): Promise<Reply> {
  const container = daemon.container(params["id"] ?? "");
  const name = (query.get("name") ?? "").replace(/^\//, "");
  if (name === "") throw new DockerError(400, "Neither old nor new names may be empty");
  return withLock(container, () => {
    const oldName = container.name;
    if (name === oldName) throw new DockerError(400, "Renaming a container with the same name as its current name");
    needSpaceForState(daemon, container.id);
    try {
      reserveName(daemon, name, container.id, `/${name}`);
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      throw new DockerError(error.status, `Error when allocating new name: ${error.message}`);
    }
    daemon.containerNames.delete(oldName);
    container.name = name;
    showInLists(container);
    keepNameInLists(daemon, container, oldName);
    daemon.publishContainer(container, "rename", { oldName: `/${oldName}` });
    daemon.onChange();
    return { status: 204 };
  });
}
