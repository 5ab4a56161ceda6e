import { preferences } from "./preferences.ts";
import { Store, useStore } from "./store.ts";

/** What was said in English, in the reader's language. */
export type Say = (text: string) => string;

const asItIs: Say = (text) => text;
const saying = new Store(asItIs);

/** What the server, the reconciler or a schema said, for what is shown once, as a toast. A component takes {@link useSaid}. */
export const said: Say = (text) => saying.get()(text);

/** Another function where the language is another, or has come. */
export const useSaid = (): Say => useStore(saying);

async function speak(): Promise<void> {
  if (preferences.get().language !== "zh") return saying.set(asItIs);
  const { inChinese } = await import("./in-chinese.ts");
  // Another language may have been chosen meanwhile.
  if (preferences.get().language === "zh") saying.set(inChinese);
}

/** The page is there without it: it comes when there is nothing else to do. */
export function translateWhatIsSaid(): void {
  const begin = (): void => void speak().catch(() => undefined); // English is better than nothing
  preferences.subscribe(begin);
  // Safari has none.
  if ("requestIdleCallback" in window) requestIdleCallback(begin);
  else setTimeout(begin, 1_000);
}
