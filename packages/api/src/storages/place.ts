import type { Sql } from "@berth/db/sql.ts";
import { DomainError, invalidField } from "@berth/spec/error-code.ts";
import { isWithin } from "@berth/spec/mount.ts";
import type { StorageKind } from "@berth/spec/storage.ts";
import { noSuchMachine } from "../machines/get.ts";

/** What an admin says of a storage that decides where its data is, and whose. */
export interface StoragePlace {
  name: string;
  kind: StorageKind;
  per_user: boolean;
  /** Null is every machine. */
  machine_id: string | null;
  /** Null is a volume. */
  path: string | null;
}

interface OtherStorage extends StoragePlace {
  storage_id: number;
}

/** Any number that no other advisory lock of Berth uses. */
const STORAGES_LOCK = 0x6265_7273;

/** Held to the end of the transaction: one at a time changes which storages there are, as each looks at all the others. */
export const lockStorages = async (sql: Sql): Promise<void> => {
  await sql("SELECT pg_advisory_xact_lock($1)::text", [STORAGES_LOCK]);
};

export function perUserOf(kind: StorageKind, given: boolean | undefined): boolean {
  if (kind === "home" && given === false) throw invalidField("per_user", "A home is each user's own.");
  if (kind === "dataset" && given === true) throw invalidField("per_user", "A dataset is one for all.");
  return kind === "home" || (given ?? false);
}

/**
 * CONFLICT where it can't be beside the others: where its name means two things on one machine, or two kinds of thing in
 * the lab, or where one directory is in another. A user who may write to the outer one could put a link in the place of
 * the inner one, and have anything of the machine mounted. `storageId` is its own, where it is there already.
 */
export async function refuseBadPlace(sql: Sql, place: StoragePlace, storageId: number | null): Promise<void> {
  if (place.machine_id !== null) {
    const machines = await sql("SELECT 1 FROM machines WHERE machine_id = $1", [place.machine_id]);
    if (machines.length === 0) throw noSuchMachine(place.machine_id);
  }
  const others = await sql<OtherStorage>(
    `SELECT storage_id, name, kind, per_user, machine_id, path FROM storages
     WHERE storage_id IS DISTINCT FROM $1::int ORDER BY storage_id`,
    [storageId],
  );
  refuseSameName(place, others);
  const nested = others.find((other) => mayMeet(place, other) && isNested(place, other));
  if (!nested) return;
  throw new DomainError(
    "CONFLICT",
    `${place.path} and ${nested.path} of the storage ${nested.name} are one in the other: give each a directory of its own.`,
    { storages: [nested.name] },
  );
}

function refuseSameName(place: StoragePlace, others: readonly OtherStorage[]): void {
  const { name } = place;
  const named = others.filter((other) => other.name === name);
  const where = named.map(({ machine_id }) => machine_id ?? "every machine").join(", ");
  if (named.some((other) => mayMeet(place, other))) {
    throw new DomainError("CONFLICT", `There is a storage ${name} already: on ${where}.`, { storages: [name] });
  }
  const other = named.find(({ kind, per_user }) => kind !== place.kind || per_user !== place.per_user);
  if (!other) return;
  const what = `a ${other.kind}${other.kind === "scratch" ? (other.per_user ? " a user" : " for all") : ""}`;
  throw new DomainError("CONFLICT", `On ${where} ${name} is ${what}: what is another thing has another name.`, {
    storages: [name],
  });
}

const mayMeet = (a: StoragePlace, b: StoragePlace): boolean =>
  a.machine_id === null || b.machine_id === null || a.machine_id === b.machine_id;

/** Nobody writes to datasets: they may lie as they like. */
const isNested = (a: StoragePlace, b: StoragePlace): boolean =>
  a.path !== null &&
  b.path !== null &&
  (a.kind !== "dataset" || b.kind !== "dataset") &&
  (isWithin(a.path, b.path) || isWithin(b.path, a.path));
