import type { Sql } from "@berth/db/sql.ts";
import type { Container } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Actor } from "../context.ts";
import { ACCESSIBLE, accessOf } from "./access.ts";
import { selectContainers } from "./view.ts";

export async function getContainer(
  { sql, actor }: { sql: Sql; actor: Actor },
  { container_id }: { container_id: number },
): Promise<Container> {
  const [container] = await selectContainers(sql, `${ACCESSIBLE} AND c.container_id = $3`, [
    ...accessOf(actor),
    container_id,
  ]);
  if (!container) throw noSuchContainer(container_id);
  return container;
}

export const noSuchContainer = (containerId: number): DomainError =>
  new DomainError("NOT_FOUND", `There is no container ${containerId}.`);
