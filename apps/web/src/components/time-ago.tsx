import { useNow } from "../lib/clock.ts";
import { useFormat } from "../lib/format.ts";

/** How long ago, with the exact time on hover. */
export function TimeAgo({ at }: { at: string }) {
  const { relative, exact } = useFormat();
  const now = useNow(10_000);
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}
