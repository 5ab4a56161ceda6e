/** Of MiB: "512 MiB", "24 GiB", "1.5 TiB". */
export function formatMib(mib: number): string {
  const sizes = ["MiB", "GiB", "TiB", "PiB"];
  let [value, unit] = [mib, 0];
  while (value >= 1_024 && unit < sizes.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${value < 10 && unit > 0 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ${sizes[unit]}`;
}

/** Of bytes, as registries and disks count them. */
export function formatBytes(bytes: number): string {
  const sizes = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1_000 && unit < sizes.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${sizes[unit]}`;
}
