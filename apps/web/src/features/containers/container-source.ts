import type { Container, ContainerPhase } from "@berth/spec/container.ts";
import { useQueryClient } from "@tanstack/react-query";
import { type RowSource, UNKEPT } from "../../lib/rows/keep-rows.ts";
import { useTRPC } from "../../lib/trpc.ts";

export const idOf = ({ container_id }: Container): string => String(container_id);

/** A place in line and the progress of a pull are no changes that are told. */
const RESTLESS: readonly ContainerPhase[] = ["Waiting", "Moving", "Pulling"];

export function useContainerSource(scope: "mine" | "all"): RowSource<Container> {
  const queryClient = useQueryClient();
  const { list } = useTRPC().container;
  const page: RowSource<Container>["page"] = (input) =>
    queryClient.fetchQuery({ ...list.queryOptions({ scope, ...input }), ...UNKEPT });
  return {
    idOf,
    page,
    async some(ids) {
      const container_ids = ids.map(Number);
      const found: Container[] = [];
      let cursor: string | null | undefined;
      do {
        const input = { scope, container_ids, limit: 500, ...(cursor && { cursor }) };
        const { items, next_cursor } = await page(input);
        found.push(...items);
        cursor = next_cursor;
      } while (cursor !== null);
      return found;
    },
    isRestless: ({ phase }) => RESTLESS.includes(phase),
  };
}
