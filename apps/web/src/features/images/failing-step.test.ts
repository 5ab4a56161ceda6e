import { expect, test } from "vitest";
import { failedStepIn, lineOfStep } from "./failing-step.ts";

const LOG = "Step 1/3 : FROM debian:12\n ---> 1f2\nStep 2/3 : RUN echo 'Step 9/9 : no'\nStep 9/9 is no step\n";
const MESSAGE = "The command '/bin/sh -c exit 7' returned a non-zero code: 7";

test("the step at which a build failed is the last that its log names", () => {
  const step = { number: 2, total: 3, instruction: "RUN echo 'Step 9/9 : no'" };
  expect(failedStepIn(`${LOG}\n${MESSAGE}\n`, MESSAGE)).toEqual(step);
  expect(failedStepIn(`\n${MESSAGE}\n`, MESSAGE)).toBeNull();
});

test("no step is blamed for a build that was cancelled, or whose image could not be pushed", () => {
  expect(failedStepIn(`${LOG}\nThe operation was aborted\n`, "It was cancelled.")).toBeNull();
  expect(failedStepIn(`${LOG}Successfully tagged public/a:1\n`, "The registry does not answer.")).toBeNull();
  expect(failedStepIn("", "")).toBeNull();
});

test("a step's line is that where its instruction begins, whatever is between", () => {
  const dockerfile = ["# a comment", "FROM debian:12", "", "RUN one && \\", "  # within", "", "  two", "COPY a b"].join(
    "\n",
  );
  expect([1, 2, 3, 4].map((step) => lineOfStep(dockerfile, step))).toEqual([2, 4, 8, null]);
});

test("a line goes on by the sign that the file names, and by no other", () => {
  const dockerfile = "# escape=`\r\nFROM windows\r\nRUN dir C:\\\r\nRUN a `\r\n b\r\nRUN c\r\n";
  expect([1, 2, 3, 4].map((step) => lineOfStep(dockerfile, step))).toEqual([2, 3, 4, 6]);
});
