import type { Db, Tx } from "@berth/db/client.ts";

/** One transaction of a verb. Placement makes verbs wait in line, so they may wait longer than Prisma's two seconds. */
export const transact = <Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> =>
  db.$transaction(work, { maxWait: 10_000, timeout: 15_000 });
