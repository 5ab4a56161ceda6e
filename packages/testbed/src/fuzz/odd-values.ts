const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Texts that break programs: too long, of another script, of no script at all, or of meaning to somebody else. */
export const ODD_TEXTS: readonly string[] = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "\udfff\ud800",
  "\u202eabc",
  "é́́́",
  "👩‍👩‍👧‍👦".repeat(20),
  "容器".repeat(40),
  "\r\nSet-Cookie: a=b",
  "'; DROP TABLE users; --",
  "${7*7}{{7*7}}<script>alert(1)</script>",
  "../../../../etc/passwd",
  "%00%ff%2e%2e%2f",
  "__proto__",
  "constructor",
  "null",
  "NaN",
  "1e999",
  "0x10",
  "9".repeat(40),
  "-1",
  "2026-13-45T99:99:99Z",
  "x".repeat(300),
  "x".repeat(100_000),
];

/** Values of the wrong type or size for almost any field. */
export const ODD_VALUES: readonly unknown[] = [
  ...ODD_TEXTS,
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  [null],
  { "": "" },
  { constructor: { prototype: {} } },
  Array.from({ length: 2_000 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index])),
  deep(60),
  deep(3_000),
];
