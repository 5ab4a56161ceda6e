import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { type CallOptions, type DirectoryRequest, EngineError } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId } from "../wire/names.ts";
import { inspectContainer } from "./inspect.ts";
import { createContainer } from "./lifecycle.ts";
import { Nothing } from "./state.ts";

const CALL_MS = 30_000;
/** Where the directory of the machine is in the container. */
const MOUNTED_AT = "/berth-parent";

export async function makeDirectory(
  link: EngineLink,
  request: DirectoryRequest,
  options: CallOptions | undefined,
): Promise<void> {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(request.name)) {
    throw new EngineError("rejected", `${JSON.stringify(request.name)} is no name for a directory.`, { sent: false });
  }
  const id = await createHolder(link, request, options);
  try {
    const archive = await directoryArchive(request.name);
    const query = { path: MOUNTED_AT, noOverwriteDirNonDir: "1" };
    await link.call((docker) => docker.getContainer(id).putArchive(archive, query), Nothing, options, CALL_MS);
  } finally {
    await removeHolder(link, id, options);
  }
}

/** The engine mounts what a container has mounted also where it unpacks something into it, and it need not run. */
async function createHolder(
  link: EngineLink,
  request: DirectoryRequest,
  options: CallOptions | undefined,
): Promise<string> {
  const { image, container, labels, parent } = request;
  const create = () =>
    createContainer(
      link,
      container,
      {
        Image: image,
        Cmd: ["true"],
        Labels: labels,
        Tty: false,
        OpenStdin: false,
        HostConfig: {
          Init: false,
          RestartPolicy: { Name: "no" },
          LogConfig: { Type: "json-file", Config: {} },
          NetworkMode: "none",
          Mounts: [{ Type: "bind", Source: parent, Target: MOUNTED_AT }],
        },
      },
      options,
    );
  try {
    return (await create()).id;
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "conflict")) throw error;
    const left = await inspectContainer(link, container, options);
    const isOwn = Object.entries(labels).every(([name, value]) => left.labels[name] === value);
    if (!isOwn || left.state !== "created") throw error;
    await removeHolder(link, left.id, options);
    return (await create()).id;
  }
}

/** With the volumes that its image made the engine give it: nobody has ever written to them. */
async function removeHolder(link: EngineLink, id: string, options: CallOptions | undefined): Promise<void> {
  const container = checkedContainerId(id);
  await link.call(
    (docker) => docker.getContainer(container).remove({ force: false, v: true }),
    Nothing,
    options,
    CALL_MS,
  );
}

function directoryArchive(name: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({
    name: `${name}/`,
    type: "directory",
    mode: 0o700,
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    mtime: new Date(),
  });
  tar.finalize();
  return buffer(tar);
}
