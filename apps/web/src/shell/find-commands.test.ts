import { expect, test } from "vitest";
import { type Command, findCommands } from "./find-commands.ts";

const command = (kind: Command["kind"], label: string, words = ""): Command => ({
  key: label,
  kind,
  label,
  words,
  run: () => undefined,
});
const COMMANDS = [
  command("page", "Containers"),
  command("action", "New container"),
  command("container", "train-1", "li public/pytorch:2"),
  command("container", "retrain", "wang public/pytorch:2"),
];
const labels = (typed: string): string[] => findCommands(COMMANDS, typed).map(({ label }) => label);

test("offers pages and actions before anything is typed", () => {
  expect(labels(" ")).toEqual(["Containers", "New container"]);
});

test("puts what begins with the text before what only has it", () => {
  expect(labels("TRAIN")).toEqual(["train-1", "retrain"]);
  expect(labels("container")).toEqual(["Containers", "New container"]);
});

test("wants every word, in the name or in what else is known", () => {
  expect(labels("pytorch wang")).toEqual(["retrain"]);
  expect(labels("pytorch nobody")).toEqual([]);
});
