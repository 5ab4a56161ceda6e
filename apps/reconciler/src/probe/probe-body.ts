import { createHash } from "node:crypto";
import type { CreateContainerBody } from "@berth/docker/engine.ts";
import { LABEL, MARKER_VOLUME, SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import type { Owner } from "../containers/ownership.ts";

const MIB = 1024 * 1024;
/** `nvidia-smi` takes some 60 MiB where there are eight GPUs. */
const MEMORY_BYTES = 128 * MIB;

/** Of the label `berth.system`. */
export const PROBE = "probe";

export interface ProbeWish {
  owner: Owner;
  /** Of the system image that it runs from. */
  digest: string;
  hasGpus: boolean;
}

/**
 * It sees the machine's processes, so that it can tell in which container each runs that uses a GPU; it changes nothing.
 * Where it mounts the marker's volume, no prune takes that, and it sees the disk that Docker's data is on.
 */
export function probeBody({ owner, digest, hasGpus }: ProbeWish): CreateContainerBody {
  const body: CreateContainerBody = {
    Image: SYSTEM_IMAGE,
    Cmd: ["/bin/sh", "/berth/probe.sh"],
    Labels: { [LABEL.installation]: owner.installation, [LABEL.machine]: owner.machine_id, [LABEL.system]: PROBE },
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      // Process 1 is the machine's, where an init of its own would only complain.
      Init: false,
      PidMode: "host",
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      RestartPolicy: { Name: "unless-stopped" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "1" } },
      Memory: MEMORY_BYTES,
      MemorySwap: MEMORY_BYTES,
      Mounts: [{ Type: "volume", Source: MARKER_VOLUME, Target: "/berth/disk", ReadOnly: true }],
      // The one exception: it looks at all of them. Docker counts them anew at each start.
      ...(hasGpus && { DeviceRequests: [{ Driver: "nvidia", Count: -1, Capabilities: [["gpu", "utility"]] }] }),
    },
  };
  const hash = createHash("sha256").update(digest).update(JSON.stringify(body)).digest("hex").slice(0, 32);
  return { ...body, Labels: { ...body.Labels, [LABEL.spec]: hash } };
}
