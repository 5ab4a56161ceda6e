import { replaceFile } from "./replace-file.ts";

/** Changes that come together are written together. */
const WRITE_AFTER_MS = 100;

export interface StateKeeper {
  /** Writes what is not written yet. Throws where the last write failed. */
  flush(): Promise<void>;
}

/** Writes what `read` tells soon after each change of its owner. While nothing changes there is no timer. */
export function keepState(owner: { onChange: () => void }, path: string, read: () => string): StateKeeper {
  let isDirty = true;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  const write = (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (!isDirty) return writing;
    isDirty = false;
    writing = writing.then(() => replaceFile(path, read()));
    return writing;
  };
  owner.onChange = () => {
    isDirty = true;
    timer ??= setTimeout(() => {
      // The next flush meets the failure again and throws it; a full disk must not end the process before.
      write().catch(() => (isDirty = true));
    }, WRITE_AFTER_MS).unref();
  };
  return { flush: write };
}
