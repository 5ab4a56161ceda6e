import type { Tx } from "@berth/db/client.ts";
import { readRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { isLoopback } from "@berth/spec/loopback.ts";
import { hostOf } from "./host.ts";

/**
 * CONFLICT, with the variable to set, where a second machine is on another host and the registry's address leads every
 * host to itself: images saved on one machine could never start on the other. The first machine may be the only one; a
 * simulated registry is not what real machines will have.
 */
export async function refuseUnreachableRegistry(tx: Tx, url: string): Promise<void> {
  const host = hostOf(url, null);
  if (host === null || isLoopback(host)) return;
  const registry = await readRegistry(prismaSql(tx));
  if (!registry || registry.kind === "simulated") return;
  if (!isLoopback(registry.address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1"))) return;
  if ((await tx.machines.count({ where: { simulated: false } })) === 0) return;
  const fix =
    registry.kind === "external"
      ? "set BERTH_REGISTRY to an address of it that the machines reach, such as 10.0.0.1:5000"
      : "set BERTH_REGISTRY_LISTEN and BERTH_REGISTRY_PUBLIC to an address of this host that the machines reach, such as 10.0.0.1:5000";
  throw new DomainError(
    "CONFLICT",
    `Another machine could not reach the registry at ${registry.address}, an address that leads every host to itself: ${fix}, and start Berth again.`,
    { address: registry.address },
  );
}
