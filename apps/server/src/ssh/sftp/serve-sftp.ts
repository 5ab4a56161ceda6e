import type { ServerChannel } from "ssh2";
import type { ChannelOutput } from "../channel-output.ts";
import { OWN_SFTP_LINE } from "../shell-script.ts";
import type { Command } from "../../commands/commands.ts";
import type { Begin } from "./open-file.ts";
import { PacketReader } from "./packets.ts";
import { MAX_PACKET_BYTES, SftpServer } from "./sftp-server.ts";
import { ShellLines } from "./shell-lines.ts";

/** Requests under way: as many as OpenSSH's clients send without an answer. */
const AT_ONCE = 64;
const MAX_LINE = 1_000;

/** The container's own sftp-server where it has one; else ours, over the shell that stands in its place. */
export async function serveSftp(
  command: Command,
  channel: ServerChannel,
  output: ChannelOutput,
  gone: AbortSignal,
  begin: Begin,
): Promise<number | null> {
  const { stdin, stdout, stderr } = command;
  if (!stderr) throw new Error("sftp runs on no terminal");
  const errors = (stderr as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const line = await readLine(errors);
  void drain(errors);
  if (line === OWN_SFTP_LINE) {
    channel.pipe(stdin);
    await output.pump(stdout);
    return command.exitCode();
  }
  const shell = new ShellLines(stdin, stdout);
  const server = new SftpServer(shell, begin);
  const end = (): void => {
    server.close();
    shell.end();
  };
  gone.addEventListener("abort", end, { once: true });
  try {
    await answerAll(server, channel, output);
  } finally {
    gone.removeEventListener("abort", end);
    end();
  }
  return 0;
}

/** Until the client has asked its last, or one request could not be answered at all. */
async function answerAll(server: SftpServer, channel: ServerChannel, output: ChannelOutput): Promise<void> {
  const packets = new PacketReader(MAX_PACKET_BYTES);
  const underWay = new Set<Promise<void>>();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  const answer = async (): Promise<void> => {
    // Who sends what can't be read is told so, by the channel.
    const chunks: AsyncIterable<Buffer> = channel.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) {
      for (const packet of packets.push(chunk)) {
        const answered = server
          .handle(packet)
          .then((reply) => output.write(reply))
          .catch(fail)
          .finally(() => underWay.delete(answered));
        underWay.add(answered);
        while (underWay.size >= AT_ONCE) await Promise.race(underWay);
      }
    }
    await Promise.all(underWay);
  };
  // Who waits for an answer that never comes asks for nothing more.
  await Promise.race([answer(), failed]);
}

async function readLine(chunks: AsyncIterator<Buffer>): Promise<string> {
  let said = "";
  while (!said.includes("\n") && said.length < MAX_LINE) {
    const { value, done } = await chunks.next();
    if (done) break;
    said += value.toString("latin1");
  }
  return said.split("\n", 1)[0] ?? "";
}

/** An sftp-server's complaints go to nobody; they must not hold it up. */
async function drain(chunks: AsyncIterator<Buffer>): Promise<void> {
  try {
    for (let done = false; !done;) ({ done = false } = await chunks.next());
  } catch {
    // Its connection was lost, which whoever reads its output is told.
  }
}
