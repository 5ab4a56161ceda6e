import { useNow } from "../../../lib/clock.ts";
import { useFormat } from "../../../lib/format.ts";

/** "in 12 seconds", second by second, with the exact time on hover; `due` once it is over. */
export function Countdown({ at, due }: { at: string; due: string }) {
  const { relative, exact } = useFormat();
  const now = useNow(1_000);
  return (
    <time dateTime={at} title={exact(at)}>
      {Date.parse(at) <= now ? due : relative(at, now)}
    </time>
  );
}
