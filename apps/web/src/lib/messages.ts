/** What a person reads of a failure: the server's own sentence, or that it can't be reached. */
export const messageOf = (error: { message: string }): string =>
  /fetch|network/i.test(error.message) ? "The server can't be reached. Trying again…" : error.message;
