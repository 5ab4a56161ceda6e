import { expect, test } from "vitest";
import { badEnvLine, formatArguments, formatEnv, parseArguments, parseEnv } from "./typed-lines.ts";

test("takes one variable a line, with whatever stands behind the first =", () => {
  expect(parseEnv("A=1\n\nB_2=x=y z\nEMPTY=\n")).toEqual({ A: "1", B_2: "x=y z", EMPTY: "" });
  expect(badEnvLine("A=1\n\nB_2=x=y z\nEMPTY=\n")).toBeNull();
});

test("names the first line that is none", () => {
  expect(badEnvLine("A=1\nexport B=2\n=3")).toBe("export B=2");
  expect(badEnvLine("1A=2")).toBe("1A=2");
  expect(badEnvLine('{"A": ')).toBe('{"A":');
});

test.each([[{}], [{ A: "1", B: "x=y" }], [{ KEY: "-----BEGIN\nline\n-----END" }]])(
  "shows %j so that it is the same when it comes back",
  (env) => {
    expect(badEnvLine(formatEnv(env))).toBeNull();
    expect(parseEnv(formatEnv(env))).toEqual(env);
  },
);

test.each([[null], [[]], [["sleep", "1000"]], [["sh", "-c", "echo 1\necho 2"]], [["[", "]"]], [[""]], [["a", " "]]])(
  "shows the arguments %j so that they are the same when they come back",
  (given) => {
    expect(parseArguments(formatArguments(given))).toEqual(given);
  },
);

test("an argument a line", () => {
  expect(parseArguments("sleep\n1000\n")).toEqual(["sleep", "1000"]);
  expect(formatArguments(["sleep", "1000"])).toBe("sleep\n1000");
  expect(parseArguments(" \n")).toBeNull();
});
