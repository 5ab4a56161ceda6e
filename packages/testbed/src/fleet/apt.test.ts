import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findMirror, parseDeb822Sources, parseOneLineSources } from "./apt.ts";

test("reads sources in deb822 form, past comments, other types and what is switched off", () => {
  const text = [
    "Types: deb deb-src",
    "# URIs: http://commented.example/debian",
    "URIs: http://one.example/debian",
    " http://two.example/debian",
    "Suites: bookworm bookworm-updates",
    "Components: main contrib",
    "",
    "Types: deb-src",
    "URIs: http://source.example/debian",
    "Suites: bookworm",
    "",
    "Types: deb",
    "Enabled: no",
    "URIs: http://off.example/debian",
    "Suites: bookworm",
  ].join("\n");
  const both = { suites: ["bookworm", "bookworm-updates"], components: ["main", "contrib"] };
  expect(parseDeb822Sources(text)).toEqual([
    { url: "http://one.example/debian", ...both },
    { url: "http://two.example/debian", ...both },
  ]);
});

test("reads sources of one line each, with options and comments", () => {
  const text = [
    "# deb http://commented.example/debian bookworm main",
    "deb-src http://source.example/debian bookworm main",
    "deb [arch=amd64 signed-by=/a.gpg] http://one.example/debian bookworm main contrib # mine",
  ].join("\n");
  expect(parseOneLineSources(text)).toEqual([
    { url: "http://one.example/debian", suites: ["bookworm"], components: ["main", "contrib"] },
  ]);
});

test("finds the mirror of a release's main part among all files, and null where there is none", () => {
  const etc = mkdtempSync(join(tmpdir(), "berth-apt-"));
  onTestFinished(() => rmSync(etc, { recursive: true }));
  expect(findMirror("bookworm", etc)).toBeNull();
  mkdirSync(join(etc, "sources.list.d"));
  writeFileSync(join(etc, "sources.list.d/cloud.list"), "deb http://cloud.example bookworm other\n");
  writeFileSync(
    join(etc, "sources.list.d/debian.sources"),
    "Types: deb\nURIs: http://security.example\nSuites: bookworm-security\nComponents: main\n\n" +
      "Types: deb\nURIs: http://debian.example\nSuites: bookworm\nComponents: main\n",
  );
  expect(findMirror("bookworm", etc)).toBe("http://debian.example");
  expect(findMirror("forky", etc)).toBeNull();
});
