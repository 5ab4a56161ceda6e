import type { Daemon } from "../daemon.ts";
import type { ContainerRecord } from "./container-record.ts";

/** What a container has written, and that with its image, for who asks for it: a real engine has to count. */
export function showSizes(daemon: Daemon, container: ContainerRecord): { SizeRw: number; SizeRootFs: number } {
  const own = container.files.sizeBytes();
  return { SizeRw: own, SizeRootFs: own + (daemon.images.byId.get(container.image_id)?.size_bytes ?? 0) };
}
