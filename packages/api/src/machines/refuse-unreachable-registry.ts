import { readRegistry } from "@berth/db/registry/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { isLoopback } from "@berth/spec/loopback.ts";

/**
 * CONFLICT, with the variable to set, where a second machine is on another host and the registry's address leads every
 * host to itself: images saved on one machine could never start on the other. The first machine may be the only one; a
 * simulated registry is not what real machines will have. A null `host` is no other one.
 */
export async function refuseUnreachableRegistry(sql: Sql, host: string | null): Promise<void> {
  if (host === null || isLoopback(host)) return;
  const refusal = await unreachableRegistry(sql);
  if (refusal) throw refusal;
}

/** Why another machine, on whatever other host, would be refused; null where it would not. */
export async function unreachableRegistry(sql: Sql): Promise<DomainError | null> {
  const registry = await readRegistry(sql);
  if (!registry || registry.kind === "simulated") return null;
  if (!isLoopback(registry.address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1"))) return null;
  if ((await sql("SELECT 1 FROM machines WHERE NOT simulated LIMIT 1")).length === 0) return null;
  const fix =
    registry.kind === "external"
      ? "set BERTH_REGISTRY to an address of it that the machines reach, such as 10.0.0.1:5000"
      : "set BERTH_REGISTRY_LISTEN and BERTH_REGISTRY_PUBLIC to an address of this host that the machines reach, such as 10.0.0.1:5000";
  return new DomainError(
    "CONFLICT",
    `Another machine could not reach the registry at ${registry.address}, an address that leads every host to itself: ${fix}, and start Berth again.`,
    { address: registry.address },
  );
}
