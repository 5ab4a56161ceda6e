import { readCollection, readRegistry } from "@berth/db/registry/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { RegistryStatus } from "@berth/spec/registry.ts";

/** What people read of the registry, `missing` where none was ever recorded. */
export async function readRegistryStatus(sql: Sql): Promise<RegistryStatus> {
  const [record, collected] = await Promise.all([readRegistry(sql), readCollection(sql)]);
  if (!record) {
    const message =
      "Berth has no registry, so images can't be saved or built. An admin installs one on Berth's host " +
      "(`apt-get install docker-registry`) and starts Berth again, or names one by BERTH_REGISTRY.";
    return { kind: null, state: "missing", address: null, ca: null, message, collected: null };
  }
  const { kind, state, address, ca, message } = record;
  return { kind, state, address, ca, message, collected: isOurs(record) ? collected : null };
}

/** Berth started it, and so may have its garbage collected. */
export const isOurs = ({ kind }: Pick<RegistryStatus, "kind">): boolean => kind === "process" || kind === "container";
