import { readFileSync } from "node:fs";
import { ErrorCode } from "@berth/spec/error-code.ts";
import { CHANGED_NOUNS } from "@berth/spec/live.ts";
import { CLOSE_CODE, LogsQuery, SocketNotice, TerminalQuery } from "@berth/spec/terminal.ts";
import { expect, test } from "vitest";
import type { ProcedureMeta } from "./route.ts";
import { appRouter } from "./router.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const DOCS = read("docs/api.md");

/** Cells of the table rows whose first cell matches. */
const rowsOf = (firstCell: RegExp): string[][] =>
  DOCS.split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    )
    .filter(([first = ""]) => firstCell.test(first));

test.each([
  { language: "ts", program: "first-container.ts" },
  { language: "bash", program: "first-container.sh" },
  { language: "python", program: "first-container.py" },
])("the docs show $program as it is run", ({ language, program }) => {
  const shown = DOCS.split(`\`\`\`${language}\n`).map((rest) => rest.split("```\n", 1)[0]);
  expect(shown).toContain(read(`packages/api/examples/${program}`));
});

test("the docs name every error, with its HTTP status and the code that a socket closes with", () => {
  const rows = rowsOf(/^`[A-Z_]+`$/).map(([code = "", status, close]) => [code.replaceAll("`", ""), status, close]);
  const failures = Object.entries(CLOSE_CODE).map(([code, close]) => [code, String(close - 4000), String(close)]);
  expect(new Set(rows)).toEqual(new Set([...failures, ["METHOD_NOT_ALLOWED", "405", ""]]));
  expect(rows.map(([code]) => code)).toEqual(expect.arrayContaining(ErrorCode.options));
});

test("the docs name every message of a socket, and every field of its query", () => {
  const messages = rowsOf(/^text /).map(([message = ""]) => message);
  const types = messages.flatMap((message) => /"type":"(\w+)"/.exec(message)?.[1] ?? []);
  expect(types).toEqual(["resize", ...SocketNotice.options.map(({ shape }) => shape.type.value)]);
  for (const [socket, query] of [
    ["terminal", TerminalQuery],
    ["logs", LogsQuery],
  ] as const) {
    const [row] = rowsOf(new RegExp(`^\`/ws/.*${socket}\`$`));
    for (const field of Object.keys(query.shape)) expect(row?.[1]).toContain(`\`${field}\``);
  }
});

test("the docs name every noun of a change", () => {
  const [sentence = ""] = /`noun` is .*?, `id`/s.exec(DOCS) ?? [];
  expect([...sentence.matchAll(/`(\w+)`/g)].map(([, noun]) => noun)).toEqual(["noun", ...CHANGED_NOUNS, "id"]);
});

test("every path that the docs name is served", () => {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: { meta?: ProcedureMeta } }>;
  const served = new Set(
    Object.values(procedures).map(({ _def }) => {
      const { route } = _def.meta ?? {};
      return `${route?.method} ${route?.path}`;
    }),
  );
  const named = [...DOCS.matchAll(/\b(GET|POST|PATCH|DELETE) (\/api\/[\w/{}]+)/g)];
  expect(named.length).toBeGreaterThan(5);
  expect(named.map(([, method, path]) => `${method} ${path}`).filter((path) => !served.has(path))).toEqual([]);
});
