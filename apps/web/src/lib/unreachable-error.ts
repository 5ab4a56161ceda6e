/** No answer of the server's own, to a call beside tRPC: it, or the way to it, is away. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(cause?: unknown) {
    super("the server can't be reached", { cause });
  }
}
