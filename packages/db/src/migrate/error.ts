/** The database can't be used, or not be brought to this release's schema. The message names the remedy; no stack is needed. */
export class MigrationError extends Error {
  override name = "MigrationError";
}
