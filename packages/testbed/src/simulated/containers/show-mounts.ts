import type { Daemon } from "../daemon.ts";
import type { ContainerRecord } from "./container-record.ts";

export function showMounts(daemon: Daemon, container: ContainerRecord): unknown[] {
  return (container.host.Mounts ?? []).map((mount) => {
    const isWritable = mount.ReadOnly !== true;
    if (mount.Type !== "volume") {
      return {
        Type: mount.Type,
        Source: mount.Source,
        Destination: mount.Target,
        Mode: "",
        RW: isWritable,
        Propagation: "",
      };
    }
    return {
      Type: "volume",
      Name: mount.Source,
      Source: `${daemon.root_dir}/volumes/${mount.Source}/_data`,
      Destination: mount.Target,
      Driver: "local",
      Mode: "z",
      RW: isWritable,
      Propagation: "",
    };
  });
}
