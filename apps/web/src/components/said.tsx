import { useSaid } from "../lib/said.ts";

/** What the server, the reconciler or a schema said, in the reader's language. */
export const Said = ({ text }: { text: string }) => useSaid()(text);
