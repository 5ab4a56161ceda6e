import i18next from "i18next";
import { said } from "./said.ts";
import { isUnreachable } from "./trpc.ts";

/**
 * What a person reads of a failure: the server's own sentence, in their language, or that it can't be reached. What is
 * read is asked for again by itself; what they did is theirs to send again.
 */
export const messageOf = (error: { message: string }, { say = said, isRetried = false } = {}): string =>
  isUnreachable(error) ? i18next.t(isRetried ? "failure.unreachable" : "failure.not_sent") : say(error.message);
