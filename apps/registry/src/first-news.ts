/** The message of the line that says that the registry runs. */
export const RUNS = "the registry runs";

/** Whether this line of the log says how it is with the registry: it runs, or a warning tells why it does not. */
export const isFirstNews = (line: string): boolean =>
  line.includes(`"msg":${JSON.stringify(RUNS)}`) || line.includes('"level":40');
