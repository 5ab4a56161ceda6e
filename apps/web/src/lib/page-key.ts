import { PAGE_KEY_HEADER } from "@berth/spec/user.ts";
import { readStored, writeStored } from "./stored.ts";

const ITEM = "berth-page-key";
/** Where the browser stores nothing for us: the session is found again by this page only. */
let unstored: string | null = null;

/** Shared by the tabs of this origin, and by no other port of our host, where the refresh cookie is sent as well. */
export const pageKey = {
  /** For what the refresh cookie alone does not do; null where nobody has signed in here. */
  headers(): Record<string, string> | null {
    const key = readStored(ITEM) ?? unstored;
    return key === null ? null : { [PAGE_KEY_HEADER]: key };
  },

  /** An answer that opened a session has a new one. */
  keepFrom({ headers }: Response): void {
    const key = headers.get(PAGE_KEY_HEADER);
    if (key === null) return;
    unstored = key;
    writeStored(ITEM, key);
  },

  /** Tells when another tab signs in, or out. */
  onElsewhere(listener: (isSignedIn: boolean) => void): void {
    addEventListener("storage", ({ key, newValue }) => {
      // Null is all of the storage at once.
      if (key === ITEM || key === null) listener(key === ITEM && newValue !== null);
    });
  },

  forget(): void {
    unstored = null;
    writeStored(ITEM, null);
  },
};
