/** Who keeps a text: the browser, for all its tabs and for good, or this tab, through reloads, until it is closed. */
type Keeper = "browser" | "tab";
/** Where storage is off, asking for it throws. */
const storageOf = (keeper: Keeper): Storage => (keeper === "tab" ? sessionStorage : localStorage);

/** A text that is kept for us; null where there is none, or nothing may be kept. */
export function readStored(key: string, keeper: Keeper = "browser"): string | null {
  try {
    return storageOf(keeper).getItem(key);
  } catch {
    return null;
  }
}

/** Null takes it away. Storage may be off, or full: then it lasts as long as the page. */
export function writeStored(key: string, text: string | null, keeper: Keeper = "browser"): void {
  try {
    if (text === null) storageOf(keeper).removeItem(key);
    else storageOf(keeper).setItem(key, text);
  } catch {
    // As said above.
  }
}
