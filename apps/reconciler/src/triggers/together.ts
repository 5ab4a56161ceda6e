import { batched } from "./batch.ts";

/**
 * Reads what belongs to one id with what belongs to others that are asked for meanwhile: `load` gets up to `limit` ids at
 * once, and a single one waits for nobody. Where `load` throws, all of them hear it.
 */
export function together<Row>(
  load: (ids: string[]) => Promise<Row[]>,
  idOf: (row: Row) => string | null,
  limit: number,
): (id: string) => Promise<Row[]> {
  const waiting = new Map<string, PromiseWithResolvers<Row[]>>();

  const ask = batched(async (ids) => {
    // Whoever asks from here on wants what is there later than this.
    const asked = ids.map((id) => ({ id, answer: waiting.get(id) }));
    for (const id of ids) waiting.delete(id);
    try {
      const rows = Map.groupBy(await load(ids), idOf);
      for (const { id, answer } of asked) answer?.resolve(rows.get(id) ?? []);
    } catch (error) {
      for (const { answer } of asked) answer?.reject(error);
    }
  }, limit);

  return (id) => {
    const asked = waiting.get(id);
    if (asked) return asked.promise;
    const answer = Promise.withResolvers<Row[]>();
    waiting.set(id, answer);
    ask(id);
    return answer.promise;
  };
}
