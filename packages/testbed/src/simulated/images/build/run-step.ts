import { addContainer } from "../../containers/create.ts";
import { destroyContainer } from "../../containers/destroy-container.ts";
import { launch } from "../../containers/launch.ts";
import { shortId } from "../../hex-id.ts";
import type { Call } from "../../http/call.ts";
import { SIGKILL } from "../../process/signals.ts";
import type { ImageRecord } from "../image-store.ts";
import { commandOf } from "./dockerfile.ts";
import type { Stage } from "./stage.ts";

/** Programs that real images have and no simulated one: a step that needs them is told and not run. */
const NOT_SIMULATED =
  /(?:^|[\s;&|(])(?:apt|apt-get|apk|yum|dnf|pip|pip3|conda|mamba|npm|curl|wget|git|python|python3|make|cmake|gcc|useradd|groupadd|adduser|chown|chmod|chpasswd|ln|mv|cp|sed|tar|unzip|ldconfig|ssh-keygen)\s/;

/**
 * A RUN: in a container of its own, which lists show while it runs and which is gone afterwards, whatever became of it.
 * Resolves with the command's exit code; null where the client has gone.
 */
export async function runStep(
  call: Call,
  stage: Stage,
  rest: string,
  memory: number,
  tell: (text: string) => void,
): Promise<number | null> {
  const { daemon, client } = call;
  const { isModern } = daemon.generation;
  const argv = commandOf(rest);
  if (NOT_SIMULATED.test(` ${argv.join(" ")} `)) {
    tell("(a simulated engine has no such program: this step is not run)\n");
    stage.addLayer([]);
    return 0;
  }
  const env = [...stage.variables()].map(([name, value]) => `${name}=${value}`);
  const container = addContainer(daemon, {
    image: imageOf(stage),
    config: { Image: stage.base?.id ?? "", Cmd: argv, Env: env, ...placeOf(stage) },
    host: memory > 0 ? { Memory: memory, MemorySwap: memory } : {},
  });
  tell(` ---> Running in ${shortId(container.id)}\n`);
  container.log.attach((stream, bytes) => {
    const text = Buffer.from(bytes).toString();
    tell(stream === "stderr" ? `\u001b[91m${text}\u001b[0m` : text);
  });
  try {
    if (client.aborted) return null;
    launch(daemon, container);
    const { process } = container;
    const kill = (): void => process?.signal(SIGKILL);
    client.addEventListener("abort", kill, { once: true });
    const code = await process?.exited;
    client.removeEventListener("abort", kill);
    if (client.aborted) return null;
    if (code !== 0) return code ?? 0;
    stage.addLayer(container.files.changes());
    tell(isModern ? ` ---> Removed intermediate container ${shortId(container.id)}\n` : removing(container.id));
    return 0;
  } finally {
    destroyContainer(daemon, container);
  }
}

function removing(id: string): string {
  return `Removing intermediate container ${shortId(id)}\n`;
}

function placeOf({ config }: Stage): { User: string; WorkingDir: string } {
  return { User: config.User ?? "", WorkingDir: config.WorkingDir ?? "" };
}

/** What the step's container stands on: the stage as it is, which has no image of its own yet. */
function imageOf({ base, files, config }: Stage): ImageRecord {
  const none = { created_ns: 0n, comment: "", author: "", size_bytes: 0, layers: [], last_tag_ns: null };
  return { ...none, id: base?.id ?? "", parent_id: null, files, config: { Labels: config.Labels } };
}
