import type { ContainerRow } from "@berth/db/containers/load.ts";
import type { ListedContainer } from "@berth/docker/engine.ts";
import { ContainerSpec } from "@berth/spec/container.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { Owner } from "../ownership.ts";

/** A container of user's as it is recorded, and as an engine lists it; each test says only what differs. */

export const UID = "0123abcd-0000-4000-8000-000000000000";
export const ENGINE_NAME = "berth-job-0123abcd";
export const ENGINE_ID = "e".repeat(64);
export const OWNER: Owner = { installation: "here", machine_id: "gpu1" };

export interface RowDiffers extends Partial<Omit<ContainerRow, "spec" | "placement" | "status" | "image">> {
  spec?: Partial<ContainerSpec>;
  image?: Partial<ContainerRow["image"]>;
  placement?: Partial<ContainerRow["placement"]>;
  status?: Partial<ContainerRow["status"]>;
}

export const rowOf = ({ spec, image, placement, status, ...differs }: RowDiffers = {}): ContainerRow => ({
  container_id: 1,
  uid: UID,
  name: "job",
  image_id: 7,
  spec: ContainerSpec.parse(spec ?? {}),
  desired: "running",
  on_loss: "recreate",
  run: 1,
  restart_run: 0,
  incarnation: 0,
  recreate: null,
  recreate_generation: 0,
  restore_engine_id: null,
  generation: 1,
  image: {
    reference: "lab:5000/public/job:1",
    on_registry: false,
    source: "external",
    is_own: false,
    digest: null,
    ...image,
  },
  placement: { machine_id: OWNER.machine_id, shard: 3, gpu_uuids: [], ports: [], ...placement },
  status: {
    phase: "Running",
    running: true,
    message: "",
    engine_id: ENGINE_ID,
    image_id: 7,
    create_open: false,
    applied: null,
    started_run: 1,
    completed_run: 0,
    abandoned_generation: 0,
    ssh_keys: null,
    restarts: 0,
    exit_code: null,
    next_retry_at: null,
    conditions: [],
    observed_generation: 1,
    version: 1,
    ...status,
  },
  mounts: [],
  claimed_gpus: [],
  is_waiting: false,
  is_moving: false,
  ssh_keys_hash: null,
  has_surplus: false,
  held: [],
  ...differs,
});

export const listedOf = (differs: Partial<ListedContainer> = {}): ListedContainer => ({
  health: null,
  id: ENGINE_ID,
  name: ENGINE_NAME,
  image: "lab:5000/public/job:1",
  image_id: `sha256:${"1".repeat(64)}`,
  state: "running",
  status: "Up 2 hours",
  exit_code: null,
  labels: { [LABEL.installation]: OWNER.installation, [LABEL.machine]: OWNER.machine_id, [LABEL.uid]: UID },
  ports: [],
  created_at_s: 1,
  ...differs,
});
