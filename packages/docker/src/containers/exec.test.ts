import { expect, test } from "vitest";
import { type Answer, startFaultServer } from "../transport/fault-server.fixture.ts";

const ID = "0123456789ab";
const EXEC_ID = "e".repeat(64);

/** An engine whose command ends as `inspections` say, one after the other, with `output`. */
function running(output: Buffer, inspections: object[]): Answer {
  return ({ request, response }) => {
    if (request.url?.endsWith("/exec")) response.writeHead(201).end(JSON.stringify({ Id: EXEC_ID }));
    else if (request.url?.endsWith("/start")) response.end(output);
    else response.end(JSON.stringify(inspections.length > 1 ? inspections.shift() : inspections[0]));
  };
}

function frame(stream: 1 | 2, length: number): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 4);
  return Buffer.concat([header, Buffer.alloc(length, "x")]);
}

test("waits for the exit code, which comes after the output has ended", async () => {
  const early = { Running: true, ExitCode: 0 };
  await using server = await startFaultServer(running(frame(1, 3), [early, early, { Running: false, ExitCode: 7 }]));
  const result = await server.engine.exec(ID, ["true"]);
  expect(result).toEqual({ exit_code: 7, stdout: Buffer.from("xxx"), stderr: Buffer.alloc(0), truncated: false });
});

test("counts both streams against one limit", async () => {
  const output = Buffer.concat([frame(1, 60), frame(2, 60)]);
  await using server = await startFaultServer(running(output, [{ Running: false, ExitCode: 0 }]));
  const result = await server.engine.exec(ID, ["true"], { maxOutputBytes: 100 });
  expect(result).toMatchObject({ truncated: true });
  expect([result.stdout.length, result.stderr.length]).toEqual([60, 40]);
});

test("holds one deadline over all of its requests", async () => {
  await using server = await startFaultServer(running(frame(1, 1), [{ Running: true, ExitCode: null }]));
  await server.engine.ping(); // connected, so that the first request goes out at once
  const result = server.engine.exec(ID, ["true"], { deadlineMs: 200 });
  // The command was started, whatever step the deadline hits.
  await expect(result).rejects.toMatchObject({ kind: "unreachable", timedOut: true, sent: true });
});

test("makes no path of an answer that is no id", async () => {
  await using server = await startFaultServer(({ response }) => response.end('{"Id":"../../images/x"}'));
  await expect(server.engine.exec(ID, ["true"])).rejects.toMatchObject({ kind: "protocol" });
  expect(server.requests).toHaveLength(1);
});
