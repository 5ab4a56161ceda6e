import { expect, test } from "vitest";
import { usageCsv } from "./csv.ts";

const csvOf = (account: string): string =>
  usageCsv({
    by: "day",
    time_zone: "UTC",
    buckets: ["2026-11-01", "2026-11-02"],
    users: [{ user_id: 1, account, deleted: false, hours: [0.5, 24], total: 24.5 }],
    users_left_out: 0,
  });

test("has a line a user and a column a bucket, and ends its lines as RFC 4180 says", () => {
  expect(csvOf("li")).toBe("account,gpu_hours,2026-11-01,2026-11-02\r\nli,24.5,0.5,24\r\n");
});

test("quotes what would end a cell, and takes the power from what a spreadsheet would run", () => {
  const cell = (account: string): string => csvOf(account).split("\r\n").slice(1).join("\r\n").split(",24.5,")[0]!;
  expect(cell('a,"b"\nc')).toBe('"a,""b""\nc"');
  expect(cell("=HYPERLINK(1)")).toBe("'=HYPERLINK(1)");
  expect(cell('=1,"x"')).toBe('"\'=1,""x"""');
  for (const sign of ["+", "-", "@", "\t"]) expect(cell(`${sign}1`)).toBe(`'${sign}1`);
});
