/** The embedded PostgreSQL can't run here. The message is one line that a person can act on; no stack is needed. */
export class EmbeddedPostgresError extends Error {
  override name = "EmbeddedPostgresError";
}
