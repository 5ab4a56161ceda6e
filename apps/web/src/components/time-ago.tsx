import { useSyncExternalStore } from "react";
import { useFormat } from "../lib/format.ts";

const TICK_MS = 10_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

/** One clock for all of them, which stands still while nobody looks. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** How long ago, with the exact time on hover. */
export function TimeAgo({ at }: { at: string }) {
  const { relative, exact } = useFormat();
  const current = useSyncExternalStore(subscribe, () => now);
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at, Math.max(current, Date.parse(at)))}
    </time>
  );
}
