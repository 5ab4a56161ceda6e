import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { SimulatedGpu } from "../machine-facts.ts";
import type { ContainerRecord } from "./container-record.ts";

/** The GPUs that a container's device requests name, as the NVIDIA runtime hook would grant them; throws as it does. */
export function grantGpus(daemon: Daemon, container: ContainerRecord): SimulatedGpu[] {
  const { gpus } = daemon.options.facts;
  return (container.host.DeviceRequests ?? []).flatMap(({ Driver, Count, DeviceIDs, Capabilities }) => {
    const isGpu = (Capabilities ?? []).some((all) => all.includes("gpu"));
    if (!isGpu || gpus.length === 0 || (Driver !== "" && Driver !== "nvidia")) {
      const capabilities = (Capabilities ?? []).map((all) => `[${all.join(" ")}]`).join(" ");
      throw new DockerError(500, `could not select device driver "${Driver}" with capabilities: [${capabilities}]`);
    }
    if (DeviceIDs && DeviceIDs.length > 0) return DeviceIDs.map((id) => findGpu(daemon, gpus, id));
    return Count < 0 ? gpus : gpus.slice(0, Count);
  });
}

function findGpu(daemon: Daemon, gpus: SimulatedGpu[], id: string): SimulatedGpu {
  const gpu = gpus.find(({ uuid, index }) => uuid === id || String(index) === id);
  if (gpu) return gpu;
  const prefix = daemon.generation.isModern ? "failed to create task for container: " : "";
  const message =
    `${prefix}failed to create shim task: OCI runtime create failed: runc create failed: unable to start container ` +
    "process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: " +
    `Auto-detected mode as 'legacy'\nnvidia-container-cli: device error: ${id}: unknown device: unknown`;
  throw new DockerError(500, message);
}
