import type { GpuHours } from "@berth/spec/usage.ts";

/** As RFC 4180 has it: one line a user, one column a bucket. */
export const usageCsv = ({ buckets, users }: GpuHours): string =>
  [["account", "gpu_hours", ...buckets], ...users.map(({ account, total, hours }) => [account, total, ...hours])]
    .map((cells) => `${cells.map(cellOf).join(",")}\r\n`)
    .join("");

/** A text that a spreadsheet would take for a formula is given a quote in front, which it shows as text. */
function cellOf(value: string | number): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
