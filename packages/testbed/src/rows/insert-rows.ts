import { randomUUID } from "node:crypto";
import { ContainerSpec } from "@berth/spec/container.ts";
import type { Gpu } from "@berth/spec/machine.ts";
import type { Sql } from "@berth/db/sql.ts";

/** Rows as the API writes them, for tests of what reads them: each test says only what matters to it. */

let serial = 0;

export interface UserRow {
  user_id: number;
  account: string;
}

export async function insertUser(sql: Sql, differs: { account?: string } = {}): Promise<UserRow> {
  const account = differs.account ?? `user-${(serial += 1)}`;
  const [row] = await sql<UserRow>(
    "INSERT INTO users (account, password) VALUES ($1, 'x') RETURNING user_id, account",
    [account],
  );
  return row!;
}

/** `count` cards of one type, with uuids that are unique in the database: `GPU-<machine>-0`, … */
export const gpusOf = (machineId: string, count: number, type = "RTX 4090"): Gpu[] =>
  Array.from({ length: count }, (_, index) => ({ uuid: `GPU-${machineId}-${index}`, index, type, memory: 24_564 }));

export interface MachineDiffers {
  gpus?: Gpu[];
  state?: "active" | "cordoned" | "decommissioned";
  online?: boolean;
  runs_containers?: boolean;
  ports?: { first: number; last: number };
  tls?: Uint8Array | null;
}

export interface InsertedMachine {
  machine_id: string;
  shard: number;
  marker_uuid: string;
}

/** An online machine that takes containers, with its status. */
export async function insertMachine(
  sql: Sql,
  machineId: string,
  differs: MachineDiffers = {},
): Promise<InsertedMachine> {
  const { first, last } = differs.ports ?? { first: 20_000, last: 29_999 };
  const [machine] = await sql<InsertedMachine>(
    `INSERT INTO machines (machine_id, name, url, tls, state, runs_containers, port_first, port_last, marker_uuid)
     VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8) RETURNING machine_id, shard, marker_uuid`,
    [
      machineId,
      `tcp://${machineId}:2376`,
      differs.tls ?? null,
      differs.state ?? "active",
      differs.runs_containers ?? true,
      first,
      last,
      randomUUID(),
    ],
  );
  await sql("INSERT INTO machine_status (machine_id, online, gpus) VALUES ($1, $2, $3::jsonb)", [
    machineId,
    differs.online ?? true,
    JSON.stringify(differs.gpus ?? []),
  ]);
  return machine!;
}

export interface ImageDiffers {
  /** On Berth's own, under its name. */
  isOnRegistry?: boolean;
  name?: string;
  source?: "build" | "commit" | "mirror" | "push" | "external";
  phase?: "Waiting" | "Committing" | "Ready" | "Failed";
  digest?: string | null;
  user_id?: number | null;
  parent_image_id?: number | null;
}

/** A public image that is ready, with its status; returns its number. */
export async function insertImage(sql: Sql, differs: ImageDiffers = {}): Promise<number> {
  const name = differs.name ?? `public/image-${(serial += 1)}:1`;
  const [image] = await sql<{ image_id: number }>(
    `INSERT INTO images (name, reference, source, user_id, parent_image_id)
     VALUES ($1, $2, $3, $4, $5) RETURNING image_id`,
    [
      name,
      differs.isOnRegistry ? null : `registry.test/${name}`,
      differs.source ?? "external",
      differs.user_id ?? null,
      differs.parent_image_id ?? null,
    ],
  );
  await sql("INSERT INTO image_status (image_id, phase, digest) VALUES ($1, $2, $3)", [
    image!.image_id,
    differs.phase ?? "Ready",
    differs.digest ?? null,
  ]);
  return image!.image_id;
}

export interface ContainerDiffers {
  user_id?: number;
  image_id?: number;
  name?: string;
  desired?: "running" | "stopped" | "removed";
  spec?: Partial<ContainerSpec>;
}

export interface InsertedContainer {
  container_id: number;
  uid: string;
  name: string;
}

/** A container that is to run, with its status and without a placement. Its owner and image are made where not named. */
export async function insertContainer(sql: Sql, differs: ContainerDiffers = {}): Promise<InsertedContainer> {
  const userId = differs.user_id ?? (await insertUser(sql)).user_id;
  const imageId = differs.image_id ?? (await insertImage(sql));
  const [container] = await sql<InsertedContainer>(
    `INSERT INTO containers (name, user_id, image_id, spec, desired)
     VALUES ($1, $2, $3, $4::jsonb, $5) RETURNING container_id, uid, name`,
    [
      differs.name ?? `job-${(serial += 1)}`,
      userId,
      imageId,
      JSON.stringify(ContainerSpec.parse(differs.spec ?? {})),
      differs.desired ?? "running",
    ],
  );
  await sql("INSERT INTO container_status (container_id) VALUES ($1)", [container!.container_id]);
  return container!;
}
