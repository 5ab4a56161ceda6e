import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { Command } from "../commands/commands.ts";
import { receiveFile } from "./receive-file.ts";
import { openSentFile } from "./send-file.ts";

const CHUNK = Buffer.alloc(16 * 1024, "x");
const NEVER = new Promise<never>(() => {});
const STALL_MS = 100;
const doors = {
  upload: (command: Command) => receiveFile(command, Readable.from(["x"]), "/file", STALL_MS),
  download: (command: Command) => openSentFile(command, "/file", STALL_MS),
};

function commandOf(stdout: Readable, exitCode: Promise<number | null> = NEVER): Command {
  return {
    stdin: new PassThrough(),
    stdout,
    stderr: null,
    resize() {},
    signal() {},
    exitCode: () => exitCode,
    hangUp: () => Promise.resolve(),
  };
}

test.each(Object.entries(doors))(
  "what talks without end in the place of the shell is not heard out (%s)",
  async (_, begin) => {
    let chunks = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          chunks += 1;
          yield CHUNK;
        }
      })(),
      { objectMode: false },
    );
    await expect(begin(commandOf(endless))).rejects.toThrow("/file could not be had");
    expect(chunks).toBeLessThan(10);
  },
);

test.each(Object.entries(doors))(
  "what says something else, and never goes, is not waited for (%s)",
  async (_, begin) => {
    const program = new PassThrough();
    program.write("Welcome!\n");
    await expect(begin(commandOf(program))).rejects.toThrow("/file could not be had");
  },
);

test.each(Object.entries(doors))(
  "an image without a shell is told by the end of what it says instead (%s)",
  async (_, begin) => {
    const said = `OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": no such file\r\n`;
    const command = commandOf(Readable.from([said], { objectMode: false }), Promise.resolve(127));
    await expect(begin(command)).rejects.toThrow("The image has no shell");
  },
);

test("what comes right behind the first line is the file's", async () => {
  const stdout = Readable.from([Buffer.from("file 5\n12"), Buffer.from("345")], { objectMode: false });
  const { name, size, bytes } = await openSentFile(commandOf(stdout, Promise.resolve(0)), "/tmp/file", STALL_MS);
  expect([name, size, (await buffer(bytes)).toString()]).toEqual(["file", 5, "12345"]);
});
