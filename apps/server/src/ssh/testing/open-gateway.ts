import { once } from "node:events";
import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { loadSshHostKey } from "@berth/api/ssh/host-key.ts";
import type { ApiServices } from "@berth/api/context.ts";
import { openInProcessApi } from "@berth/api/testing/in-process-api.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { makeSshKey } from "@berth/docker/transport/ssh-tunnel.ts";
import ssh2, { type Client, type ClientChannel, type ConnectConfig, type SFTPWrapper } from "ssh2";
import { onTestFinished } from "vitest";
import { createLog } from "../../log.ts";
import type { Dial } from "../forward.ts";
import { createGateway, type GatewayLimits } from "../gateway.ts";
import { createLocalEngine } from "./local-engine.ts";

/** A gateway with these limits, whose forwarded ports echo, and somebody with a key and a container that runs. */
export async function openGateway(limits: Partial<GatewayLimits> = {}, dial: Dial = async () => new PassThrough()) {
  const api = await openInProcessApi();
  const local = createLocalEngine();
  const lines: string[] = [];
  const log = createLog("debug", { write: (line) => lines.push(line) });
  const engines = { engineOf: async () => local.engine } as unknown as ApiServices["engines"];
  const { sql } = api.services;
  const hostKey = await loadSshHostKey(sql, createSecretBox("a secret of tests"));
  const services = { ...api.services, engines };
  const gateway = createGateway({ services, log, hostKey, dial, limits });
  const port = await gateway.listen("127.0.0.1", 0);
  const { machine_id } = await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "busybox:latest" });
  const key = makeSshKey("li");
  const { api: owner } = await api.addUser("li");
  await owner.user.ssh_keys.add({ public_key: key.public_key });
  const { container_id } = await owner.container.create({ name: "train", image: "public/base:1", machine_id });
  const seen = { engine_id: "e".repeat(64) };
  await api.db.container_status.upsert({ where: { container_id }, create: { container_id, ...seen }, update: seen });
  const clients: Client[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    local.close();
    await gateway.close();
    await api.close();
  });
  /** Not waited for. */
  const come = (change: ConnectConfig = {}): Client => {
    const client = new ssh2.Client();
    clients.push(client);
    client.on("error", () => {});
    client.connect({ host: "127.0.0.1", port, username: "train.li", privateKey: key.private_key, ...change });
    return client;
  };
  const enter = async (): Promise<Client> => {
    const client = come();
    await new Promise<void>((resolve, reject) => {
      client.once("ready", resolve).once("error", reject);
      // One that is ended while it is being let in has no error.
      client.once("close", () => reject(new Error("The connection closed before it was let in.")));
    });
    return client;
  };
  return { port, key, come, enter, running: local.running, sql, lines };
}

export const forwardOut = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 1, "localhost", 8_000, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });

export const exec = (client: Client, command: string): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });

export const openSftp = (client: Client): Promise<SFTPWrapper> =>
  new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });

/** What a command says, on either output, until its channel has closed. */
export async function saidBy(channel: ClientChannel): Promise<string> {
  let said = "";
  for (const output of [channel, channel.stderr]) output.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(channel, "close");
  return said;
}

/** What ssh2's client does not do by itself, but anybody could: one packet. */
export const send = {
  exec: (channel: ClientChannel, command: string) => protocolOf(channel).exec(farEnd(channel), command, true),
  shell: (channel: ClientChannel) => protocolOf(channel).shell(farEnd(channel), true),
  subsystem: (channel: ClientChannel, name: string) => protocolOf(channel).subsystem(farEnd(channel), name, true),
  windowAdjust: (channel: ClientChannel, bytes: number) =>
    protocolOf(channel).channelWindowAdjust(farEnd(channel), bytes),
  data: (channel: ClientChannel, data: Buffer) => protocolOf(channel).channelData(farEnd(channel), data),
  /** A command on the first channel of its client, which takes no larger packets than this. */
  execInPackets: (client: Client, packetBytes: number, command: string) => {
    const { _protocol: protocol } = insideOf(client);
    protocol.session(0, 2 ** 21, packetBytes);
    protocol.exec(0, command, false);
  },
  /** Opens the client's first channels, and closes them again, without anything asked of them. */
  idleSessions: (client: Client, count: number) => {
    for (let id = 0; id < count; id += 1) {
      insideOf(client)._protocol.session(1_000 + id, 2 ** 21, 2 ** 15); // an id that its own client does not use
      insideOf(client)._protocol.channelClose(id);
    }
  },
  ping: (client: Client) => insideOf(client)._protocol.ping(),
};

interface Protocol {
  session(channelId: number, windowBytes: number, packetBytes: number): void;
  channelClose(channelId: number): void;
  exec(channelId: number, command: string, wantsReply: boolean): void;
  shell(channelId: number, wantsReply: boolean): void;
  subsystem(channelId: number, name: string, wantsReply: boolean): void;
  channelWindowAdjust(channelId: number, bytes: number): void;
  channelData(channelId: number, data: Buffer): void;
  ping(): void;
}

interface Inside {
  _protocol: Protocol;
  _sock: Socket;
}

const insideOf = (client: Client): Inside => client as unknown as Inside;
export const socketOf = (client: Client): Socket => insideOf(client)._sock;
const protocolOf = (channel: ClientChannel): Protocol => (channel as unknown as { _client: Inside })._client._protocol;
const farEnd = (channel: ClientChannel): number => (channel as unknown as { outgoing: { id: number } }).outgoing.id;
