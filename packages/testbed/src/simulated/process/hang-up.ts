import { SIGHUP } from "./signals.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/**
 * What a script does that hangs processes up which it finds by a variable of their environment. There is no /proc here,
 * so such a script is not run: it is known by walking /proc, looking for `NAME=$1` (or `NAME=value`) in `environ`, and
 * sending SIGHUP. Its effect is at once, and on every process that has the variable, leader or not. Null for any other.
 */
export function hangUpIn(script: string, argument: string): ((peers: SimulatedProcess[]) => void) | null {
  if (!/\/proc\/\[0-9\]\*/.test(script) || !script.includes("/environ") || !script.includes("kill -HUP")) return null;
  const sought = /grep\b[^\n]*?\b(\w+)=(\$1|[\w-]+)/.exec(script);
  const name = sought?.[1];
  if (name === undefined) return null;
  const value = sought?.[2] === "$1" ? argument : sought?.[2];
  return (peers) => {
    for (const process of peers) if (process.options.env[name] === value) process.signal(SIGHUP);
  };
}
