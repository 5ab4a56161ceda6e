import { type CreateContainerBody, type Engine, EngineError } from "@berth/docker/engine.ts";
import { LABEL } from "@berth/spec/engine-names.ts";

const UID = "0198c0de-0000-7000-8000-00000000cafe";
const NAME = "berth-trace-0198c0de";
const OLD_NAME = `${NAME}-old-1`;
const VOLUME_NAME = "berth-trace";
const LABELS = { [LABEL.installation]: "trace", [LABEL.uid]: UID };
const UNKNOWN_ID = "0".repeat(64);
const MIB = 1_048_576;

/** What Berth asks of an engine in the life of a container, its volume and its image, with the refusals that it meets. */
export async function tellStory(engine: Engine, image: string, registry: string): Promise<void> {
  await engine.ping();
  await engine.info();
  await engine.listContainers({ labels: { [LABEL.installation]: "trace" } });
  await refused(engine.inspectVolume(VOLUME_NAME));
  await engine.createVolume(VOLUME_NAME, LABELS);
  await engine.inspectVolume(VOLUME_NAME);
  await tellCreate(engine, image);
  const { id } = await engine.createContainer(NAME, bodyOf(image));
  await tellRun(engine, id, image);
  await tellCommands(engine, id);
  await tellImage(engine, id);
  await tellEnd(engine, id);
  await tellPull(engine, registry);
}

async function tellCreate(engine: Engine, image: string): Promise<void> {
  await engine.inspectImage(image);
  await refused(engine.inspectImage("absent:latest"));
  await refused(engine.createContainer(NAME, bodyOf("absent:latest")));
  await refused(engine.createContainer(NAME, bodyOf(image, { Memory: MIB, MemorySwap: MIB })));
}

async function tellRun(engine: Engine, id: string, image: string): Promise<void> {
  const look = async (): Promise<void> => {
    await engine.listContainers({ labels: { [LABEL.uid]: UID } });
    await engine.inspectContainer(id);
  };
  await refused(engine.createContainer(NAME, bodyOf(image)));
  await look();
  await engine.startContainer(id);
  await engine.startContainer(id); // 304
  await look();
  await engine.updateContainer(id, { memory_bytes: 128 * MIB, nano_cpus: 5e8 });
  await engine.renameContainer(id, OLD_NAME);
  await engine.renameContainer(id, OLD_NAME); // it is called so already
  const next = await engine.createContainer(NAME, bodyOf(image));
  await refused(engine.renameContainer(next.id, OLD_NAME));
  await refused(engine.startContainer(next.id)); // its port is taken
  await engine.removeContainer(next.id);
  await refused(engine.renameContainer(UNKNOWN_ID, NAME));
  await look();
  await refused(engine.removeContainer(id)); // it runs
  await refused(engine.unpauseContainer(id)); // it is not paused
}

async function tellCommands(engine: Engine, id: string): Promise<void> {
  await engine.exec(id, ["sh", "-c", "echo out; exit 4"]);
  await engine.exec(id, ["no-such-command"]);
  await refused(engine.exec(UNKNOWN_ID, ["true"]));
}

async function tellImage(engine: Engine, id: string): Promise<void> {
  const commit = { repository: "berth-trace/saved", tag: "1", comment: "saved", labels: { kept: "" } };
  const saved = await engine.commitContainer(id, commit);
  await refused(engine.commitContainer(UNKNOWN_ID, commit));
  await engine.inspectImage(saved.image_id);
  await engine.tagImage("berth-trace/saved:1", "berth-trace/saved:2");
  await engine.removeImage("berth-trace/saved:2");
  await engine.removeImage("berth-trace/saved:1");
  await refused(engine.removeImage("berth-trace/saved:1"));
}

async function tellEnd(engine: Engine, id: string): Promise<void> {
  await engine.stopContainer(id, 0);
  await engine.stopContainer(id, 0); // 304
  await refused(engine.exec(id, ["true"]));
  await engine.listContainers({ labels: { [LABEL.uid]: UID } });
  await engine.inspectContainer(id);
  await engine.removeContainer(id);
  await refused(engine.removeContainer(id));
  await refused(engine.startContainer(id));
  await refused(engine.stopContainer(id, 0));
  await refused(engine.inspectContainer(id));
  await refused(engine.updateContainer(id, { memory_bytes: 64 * MIB, nano_cpus: 1e9 }));
}

async function tellPull(engine: Engine, registry: string): Promise<void> {
  const reference = `${registry}/berth-test/busybox:derived`;
  await refused(engine.pullImage(`${registry}/berth-test/absent:latest`));
  await engine.pullImage(reference);
  await engine.removeImage(reference);
}

/** As `createBody` of the reconciler writes it. */
function bodyOf(image: string, limits: Partial<CreateContainerBody["HostConfig"]> = {}): CreateContainerBody {
  return {
    Image: image,
    Cmd: ["sleep", "1000"],
    WorkingDir: "/tmp",
    Hostname: "trace",
    Env: ["A=b", "NVIDIA_VISIBLE_DEVICES=void"],
    Labels: { ...LABELS, [LABEL.generation]: "1" },
    Tty: false,
    OpenStdin: false,
    ExposedPorts: { "22/tcp": {} },
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: "unless-stopped" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      ShmSize: 64 * MIB,
      Memory: 64 * MIB,
      MemorySwap: 64 * MIB,
      Mounts: [
        { Type: "volume", Source: VOLUME_NAME, Target: "/data", ReadOnly: false, VolumeOptions: { NoCopy: true } },
      ],
      PortBindings: { "22/tcp": [{ HostPort: "18432" }] },
      ...limits,
    },
  };
}

async function refused(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof EngineError) return;
    throw error;
  }
  throw new Error("an engine has taken what it was to refuse");
}
