import { expect, test } from "vitest";
import { formatBytes, formatMib } from "./sizes.ts";

test.each([
  [0, "0 MiB"],
  [512, "512 MiB"],
  [1_024, "1 GiB"],
  [1_536, "1.5 GiB"],
  [24_564, "24 GiB"],
  [1_048_576 * 2, "2 TiB"],
])("%i MiB are %s", (mib, text) => {
  expect(formatMib(mib)).toBe(text);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_500, "1.5 kB"],
  [32_000_000, "32 MB"],
  [4_200_000_000, "4.2 GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
