import i18next from "i18next";
import { isUnreachable } from "./trpc.ts";

/** What a person reads of a failure: the server's own sentence, or that it can't be reached. */
export const messageOf = (error: { message: string }): string =>
  isUnreachable(error) ? i18next.t("failure.unreachable") : error.message;
