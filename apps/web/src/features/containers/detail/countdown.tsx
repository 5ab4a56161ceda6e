import { useEffect, useState } from "react";
import { useFormat } from "../../../lib/format.ts";

const TICK_MS = 1_000;

/** "in 12 seconds", second by second, with the exact time on hover; `due` once it is over. */
export function Countdown({ at, due }: { at: string; due: string }) {
  const { relative, exact } = useFormat();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={exact(at)}>
      {Date.parse(at) <= now ? due : relative(at, now)}
    </time>
  );
}
