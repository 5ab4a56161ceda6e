import type { storages } from "@berth/db/generated/client.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { type Storage, StorageKind } from "@berth/spec/storage.ts";
import type { Actor } from "../context.ts";

/** Where it is on a machine's disk is nobody's business but an admin's. */
export const toStorage = (row: storages, { role }: Pick<Actor, "role">): Storage => ({
  storage_id: row.storage_id,
  name: row.name,
  display_name: row.display_name,
  description: row.description,
  kind: StorageKind.parse(row.kind),
  per_user: row.per_user,
  machine_id: row.machine_id,
  source: row.path === null ? "volume" : "path",
  path: role === "admin" ? row.path : null,
  created_at: row.created_at.toISOString(),
});

export const noSuchStorage = (storageId: number): DomainError =>
  new DomainError("NOT_FOUND", `There is no storage ${storageId}.`);
