import i18next from "i18next";
import { said } from "./said.ts";
import { isUnreachable } from "./trpc.ts";

/** What a person reads of a failure: the server's own sentence, in their language, or that it can't be reached. */
export const messageOf = (error: { message: string }, say = said): string =>
  isUnreachable(error) ? i18next.t("failure.unreachable") : say(error.message);
