import pLimit from "p-limit";
import { CONNECTIONS } from "./use-test-database.ts";

/**
 * Does `work` for each, for as many at once as a test's pool has connections: a pool refuses who waits for one for too
 * long, as the last of hundreds do on a slow machine. In the order of `items`.
 */
export const mapConcurrently = <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const limit = pLimit(CONNECTIONS);
  return Promise.all(items.map((item) => limit(work, item)));
};
