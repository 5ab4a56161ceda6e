import type { AuditEntry } from "@berth/spec/audit.ts";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useTRPC } from "../../lib/trpc.ts";
import { useAllImages } from "../images/use-all-images.ts";

/** Of what an entry is about; undefined where that is gone, or has no page of its own. */
export type NameOf = (entry: Pick<AuditEntry, "noun" | "object_id">) => string | undefined;

/** The names of what is still there, of the containers, images and machines in these pages of entries. */
export function useAuditedNames(pages: readonly { items: readonly AuditEntry[] }[]): NameOf {
  const trpc = useTRPC();
  const containers = useQueries({
    queries: pages.map(({ items }) => {
      const ids = items.filter(({ noun }) => noun === "container").map(({ object_id }) => Number(object_id));
      const container_ids = [...new Set(ids)];
      return trpc.container.list.queryOptions(
        { scope: "all", limit: 500, container_ids },
        { enabled: container_ids.length > 0, placeholderData: keepPreviousData },
      );
    }),
  });
  const images = useAllImages({ enabled: pages.some(({ items }) => items.some(({ noun }) => noun === "image")) });
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }));
  const names = {
    container: new Map(
      containers.flatMap(({ data }) => data?.items ?? []).map((each) => [String(each.container_id), each.name]),
    ),
    image: new Map(images.items.map(({ image_id, name }) => [String(image_id), name])),
    machine: new Map(machines.data?.items.map(({ machine_id, name }) => [machine_id, name])),
  };
  return ({ noun, object_id }) =>
    noun === "container" || noun === "image" || noun === "machine" ? names[noun].get(object_id) : undefined;
}
