/** Berth can't start, for a reason that the person who starts it can mend. The message is one line; it needs no stack. */
export class StartError extends Error {
  override name = "StartError";
}
