import type { Sql } from "@berth/db/sql.ts";
import type { ContainerSpec } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Mount } from "@berth/spec/mount.ts";

interface NamedStorage {
  name: string;
  /** Null is every machine. */
  machine_id: string | null;
}

/**
 * The machines that have all storages of these mounts, or null where every machine has them. The storages are locked, so
 * that they stay until the container needs them. UNPROCESSABLE where `machineId` lacks one, or no machine has them all.
 */
export async function holdStorages(
  sql: Sql,
  mounts: readonly Mount[],
  machineId: string | null,
): Promise<string[] | null> {
  if (mounts.length === 0) return null;
  const names = [...new Set(mounts.map(({ storage }) => storage))];
  const storages = await sql<NamedStorage>(
    "SELECT name, machine_id FROM storages WHERE name = ANY ($1::text[]) ORDER BY storage_id FOR SHARE",
    [names],
  );
  const places = names.map((name) => ({ name, machine_ids: machinesOf(name, storages) }));
  if (machineId !== null) {
    for (const { name, machine_ids } of places) {
      if (machine_ids === null || machine_ids.includes(machineId)) continue;
      const message = `The storage ${name} is not on ${machineId}, but on ${machine_ids.join(", ")}.`;
      throw new DomainError("UNPROCESSABLE", message, { storages: [name], machine_ids });
    }
  }
  const limited = places.flatMap(({ machine_ids }) => (machine_ids === null ? [] : [machine_ids]));
  const [first, ...rest] = limited;
  if (!first) return null;
  const all = first.filter((machine_id) => rest.every((machine_ids) => machine_ids.includes(machine_id)));
  if (all.length > 0) return all;
  throw new DomainError("UNPROCESSABLE", `No machine has all of these storages: ${names.join(", ")}.`, {
    storages: names,
  });
}

/** As {@link holdStorages}, on the machine where a container is, or is to be. */
export async function holdStoragesOf(
  sql: Sql,
  { container_id, machine_id, spec }: { container_id: number; machine_id: string | null; spec: ContainerSpec },
): Promise<void> {
  const [placed] = await sql<{ machine_id: string }>("SELECT machine_id FROM placements WHERE container_id = $1", [
    container_id,
  ]);
  await holdStorages(sql, spec.mounts, placed?.machine_id ?? machine_id);
}

/** Null is every machine. */
function machinesOf(name: string, storages: readonly NamedStorage[]): string[] | null {
  const named = storages.filter((storage) => storage.name === name);
  if (named.length === 0) {
    const message = `There is no storage ${name}: choose of those that GET /api/storages lists.`;
    throw new DomainError("UNPROCESSABLE", message, { storages: [name] });
  }
  const machines = named.flatMap(({ machine_id }) => (machine_id === null ? [] : [machine_id]));
  return machines.length < named.length ? null : machines;
}
