import { DomainError } from "@berth/spec/error-code.ts";
import { growsLinearly } from "@berth/testbed/grows-linearly.ts";
import { describe, expect, test } from "vitest";
import { checkDockerfile } from "./check-dockerfile.ts";

function refusalOf(text: string, args?: Record<string, string>): { code: string; message: string; line: unknown } {
  try {
    checkDockerfile(text, args);
  } catch (error) {
    if (error instanceof DomainError)
      return { code: error.code, message: error.message, line: error.details?.["line"] };
    throw error;
  }
  throw new Error(`was taken: ${text}`);
}

const basesOf = (text: string, args?: Record<string, string>): string[] =>
  checkDockerfile(text, args).bases.map(({ reference }) => reference);
const baseOf = (text: string, args?: Record<string, string>): string | undefined =>
  checkDockerfile(text, args).base?.reference;

describe("what the image is built from", () => {
  test("is what the only FROM names, in whatever letters it is written", () => {
    expect(checkDockerfile("# a comment\n\nfrom public/pytorch:2.9\nRUN pip install x\n")).toEqual({
      bases: [{ line: 3, reference: "public/pytorch:2.9" }],
      base: { line: 3, reference: "public/pytorch:2.9" },
    });
  });

  test("is what the last stage leads to, through the stages that it names", () => {
    const text = "FROM golang:1 AS build\nFROM public/base:1 AS Runtime\nRUN x\nFROM runtime\nCOPY --from=build /a /a";
    expect(basesOf(text)).toEqual(["golang:1", "public/base:1"]);
    expect(baseOf(text)).toBe("public/base:1");
  });

  test("is nothing where that is scratch", () => {
    expect(checkDockerfile("FROM debian:12 AS a\nFROM scratch\nCOPY --from=a / /").base).toBeNull();
  });

  test.each([
    ["ARG V=12\nFROM debian:$V", undefined, "debian:12"],
    ["ARG V=12\nFROM debian:${V}-slim", undefined, "debian:12-slim"],
    ['ARG A="public/base" B=1\nFROM ${A}:${B}', undefined, "public/base:1"],
    ["ARG V\nFROM debian:${V:-13}", undefined, "debian:13"],
    ["ARG V=12\nFROM debian:$V", { V: "13" }, "debian:13"],
    ["ARG V=12\nARG W=$V-slim\nFROM debian:$W", undefined, "debian:12-slim"],
    ["FROM --platform=linux/amd64 debian:12", undefined, "debian:12"],
    ["FROM \\\n  # between\n\n  debian:12 \\\n  AS x\nRUN a", undefined, "debian:12"],
    ["# escape=`\nFROM `\n debian:12\nRUN dir C:\\\nRUN b", undefined, "debian:12"],
    ["\ufeffFROM debian:12\r\nRUN a\r\n", undefined, "debian:12"],
  ])("is read from %j", (text, args, expected) => {
    expect(baseOf(text, args)).toBe(expected);
  });

  test("is refused where a variable in it has no value, or one of a stage alone", () => {
    expect(refusalOf("ARG V\nFROM debian:12 AS a\nFROM $V")).toMatchObject({ code: "UNPROCESSABLE", line: 3 });
    expect(refusalOf("FROM debian:12\nARG V=1\nFROM $V").line).toBe(3);
  });
});

describe("what only BuildKit understands is refused, naming its line", () => {
  test.each([
    ["RUN --mount=type=cache,target=/root/.cache pip install x", "RUN --mount"],
    ["RUN --network=none true", "RUN --network"],
    ["RUN --security=insecure true", "RUN --security"],
    ["RUN --device=nvidia.com/gpu=all true", "RUN --device"],
    ["COPY --link a b", "COPY --link"],
    ["COPY --chown=1:1 --chmod=755 a b", "COPY --chmod"],
    ["COPY --parents a b", "COPY --parents"],
    ["copy --exclude=*.md . .", "COPY --exclude"],
    ["ADD --checksum=sha256:0 https://a.example/b c", "ADD --checksum"],
    ["ADD --keep-git-dir=true https://a.example/b.git c", "ADD --keep-git-dir"],
    ["ADD https://a.example/b.git#v1 c", "ADD of a Git repository"],
    ["ADD git@a.example:b.git c", "ADD of a Git repository"],
    ["RUN <<EOF\necho a\nEOF", "A heredoc"],
    ["RUN cat <<-'END' > x\na\nEND", "A heredoc"],
    ['RUN python3 <<"PY"\nprint()\nPY', "A heredoc"],
    ["COPY <<EOF /a\nx\nEOF", "A heredoc"],
    ["RUN true \\\n && cat 0<<A", "A heredoc"],
    ["ARG TARGETARCH", "ARG TARGETARCH"],
    ["ONBUILD RUN --mount=type=cache,target=/c true", "RUN --mount"],
  ])("%j", (instruction, named) => {
    const { code, message, line } = refusalOf(`FROM debian:12\n\n${instruction}\nRUN true`);
    expect({ code, line }).toEqual({ code: "UNPROCESSABLE", line: 3 });
    expect(message).toContain(`line 3: ${named}`);
    expect(message).toContain("BuildKit");
  });

  test.each([
    "docker/dockerfile:1-labs",
    "docker/dockerfile-upstream:master",
    "example.com/own:1",
    "docker/dockerfile:2",
  ])("# syntax=%s", (syntax) => {
    expect(refusalOf(`# syntax=${syntax}\nFROM debian:12`)).toMatchObject({ code: "UNPROCESSABLE", line: 1 });
  });

  test.each([
    "# syntax=docker/dockerfile:1\nFROM debian:12",
    "#syntax = docker/dockerfile:1.7\n# check=skip=all\nFROM debian:12",
    "# syntax=docker.io/docker/dockerfile:1.4.1\nFROM debian:12",
    "FROM debian:12\n# syntax=example.com/own:1",
    "FROM debian:12\nCOPY --from=x --chown=1:1 a b",
    "FROM debian:12\nHEALTHCHECK --interval=5s --start-period=1s CMD true",
    "FROM debian:12\nENTRYPOINT --help",
    "FROM debian:12\nRUN test $((1<<3)) -eq 8",
    "FROM debian:12\nRUN cat <<< abc",
    "FROM debian:12\nRUN echo '<<EOF' \"a <<EOF b\" \\<<EOF x<<EOF",
    'FROM debian:12\nRUN ["sh", "-c", "cat <<EOF"]',
    "FROM debian:12\nRUN echo --mount=x",
    "FROM debian:12\nADD https://a.example/git c",
    "FROM debian:12\nARG TARGETARCH=amd64",
    "FROM debian:12\nARG TARGETARCHIVE",
    "FROM debian:12\nONBUILD RUN true",
  ])("but not what only looks so: %j", (text) => {
    expect(baseOf(text)).toBe("debian:12");
  });

  test("nor a platform that is given", () => {
    expect(baseOf("ARG TARGETARCH\nFROM debian:12-$TARGETARCH", { TARGETARCH: "amd64" })).toBe("debian:12-amd64");
  });
});

test.each([
  ["", undefined],
  ["# nothing\n", undefined],
  ["ARG V=1\n", undefined],
  ["RUN true\nFROM debian:12", 1],
  ["FROM debian:12\nRUNN true", 2],
  ["FROM\n", 1],
  ["FROM a b c", 1],
])("refuses %j", (text, line) => {
  expect(refusalOf(text)).toMatchObject({ code: "UNPROCESSABLE", line });
});

test("refuses more than a MiB", () => {
  expect(refusalOf(`FROM debian:12\n${"#".repeat(1024 * 1024)}`).code).toBe("PAYLOAD_TOO_LARGE");
});

describe("takes no long time and no memory for whatever is in a MiB:", () => {
  const full = 1024 * 1024 - 100;
  const laughsOf = (depth: number): string =>
    Array.from({ length: depth }, (_, n) => `ARG A${n + 1}=${`$A${n}`.repeat(20)}`).join("\n");
  const odd: ((most: number) => string)[] = [
    (most) => "RUN true\n".repeat(most / 9),
    (most) => `RUN ${"a \\\n".repeat(most / 4 - 2)}`,
    (most) => `RUN "${'\\"'.repeat(most / 2 - 3)}`,
    (most) => `RUN ${"'".repeat(most - 5)}`,
    (most) => `RUN ${"1".repeat(most - 5)}`,
    (most) => `RUN ${"<<".repeat(most / 2 - 3)}`,
    (most) => `RUN --${"- --".repeat(most / 4 - 3)}`,
    (most) => `ADD https://a${".git#".repeat(most / 5 - 4)}x`,
    (most) => `ADD ${" ".repeat(most - 5)}x`,
    (most) => `ONBUILD ${"ONBUILD ".repeat(most / 8 - 2)}`,
    (most) => `ARG ${'a="'.repeat(most / 3 - 2)}`,
    (most) => `ARG ${"a ".repeat(most / 2 - 3)}`,
  ];
  const first: ((most: number) => string)[] = [
    (most) => `# a=${" ".repeat(most)}x`,
    (most) => `ARG A0=x\n${laughsOf((40 * most) / full)}`,
    (most) => `ARG A=${"${a:-".repeat(most / 5 - 3)}`,
  ];
  const all = [
    ...odd.map((text) => (most: number) => `FROM debian:12\n${text(most)}`),
    ...first.map((text) => (most: number) => `${text(most)}\nFROM debian:12`),
  ];
  test.each(all.map((text) => [text(60), text] as const))("%j, and so on", (_beginning, text) => {
    const check = (most: number): void => {
      try {
        checkDockerfile(text(most));
      } catch (error) {
        expect(error).toBeInstanceOf(DomainError);
      }
    };
    expect(growsLinearly(check, full)).toBe(true);
  });
});
