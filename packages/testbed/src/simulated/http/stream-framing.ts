import type { Daemon } from "../daemon.ts";

const STREAM_NUMBERS = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** Without a terminal each piece of output stands in a frame that names its stream; a terminal's output is raw. */
export function frame(stream: "stdout" | "stderr", data: Uint8Array, hasTty: boolean): Uint8Array {
  if (hasTty) return data;
  const header = Buffer.alloc(8);
  header.writeUInt8(STREAM_NUMBERS[stream], 0);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

/** What engines say of it: old ones of logs nothing at all. */
export function streamType(daemon: Daemon, apiVersion: string, hasTty: boolean): string {
  const isTold = daemon.generation.isModern && Number(apiVersion.split(".")[1]) >= 42;
  return `application/vnd.docker.${!hasTty && isTold ? "multiplexed" : "raw"}-stream`;
}
