import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../../lib/trpc.ts";

/** Of each machine, by its id; empty until they are known. The same object while no name is another. */
export function useMachineNames(): Readonly<Record<string, string>> {
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }, { select: namesOf }));
  return machines.data ?? NONE;
}

/** Its id, where its name is not known; empty where it is none. */
export const machineNameOf = (machineId: string | null, names: Readonly<Record<string, string>>): string =>
  machineId === null ? "" : (names[machineId] ?? machineId);

const NONE = {};

const namesOf = ({ items }: { items: readonly { machine_id: string; name: string }[] }): Record<string, string> =>
  Object.fromEntries(items.map(({ machine_id, name }) => [machine_id, name]));
