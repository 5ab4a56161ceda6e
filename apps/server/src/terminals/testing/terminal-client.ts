import { once } from "node:events";
import type { SocketNotice } from "@berth/spec/terminal.ts";
import { onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { type Peer, watchPeer } from "./socket-pair.ts";

/** A slow machine may take its time. */
const SOON = { timeout: 30_000, interval: 50 };

export interface SocketClient extends Peer {
  /** What came in binary messages, as text. */
  text(): string;
  /** Waits until this text has come, and answers all. */
  reads(text: string): Promise<string>;
  type(text: string): void;
  notice<Type extends SocketNotice["type"]>(type: Type): Promise<Extract<SocketNotice, { type: Type }>>;
  /** As a browser goes that dies: without a word. */
  vanish(): Promise<void>;
}

/** Opens a socket of a server and signs in, as a program does. It ends with the test. */
export async function openClient(url: string, path: string, token: string): Promise<SocketClient> {
  const socket = new WebSocket(url.replace(/^http/, "ws") + path, { perMessageDeflate: false });
  const peer = watchPeer(socket);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send(JSON.stringify({ access_token: token }));
  const text = (): string => peer.read().toString();
  return {
    ...peer,
    text,
    async reads(expected) {
      try {
        await vi.waitUntil(() => text().includes(expected), SOON);
      } catch (error) {
        const told = JSON.stringify([text().slice(-2_000), peer.notices]);
        throw new Error(`${JSON.stringify(expected)} did not come, but ${told}`, { cause: error });
      }
      return text();
    },
    type: (typed) => socket.send(Buffer.from(typed)),
    async notice<Type extends SocketNotice["type"]>(type: Type) {
      const find = () => peer.notices.find((notice) => notice.type === type);
      await vi.waitUntil(find, SOON);
      return find() as Extract<SocketNotice, { type: Type }>;
    },
    async vanish() {
      socket.terminate();
      await peer.closed;
    },
  };
}

export interface OpenTerminal extends SocketClient {
  terminal_id: string;
}

/** A terminal with a prompt, or one that was opened before. */
export async function openTerminal(
  url: string,
  token: string,
  container_id: number,
  query: Record<string, string | number> = {},
): Promise<OpenTerminal> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  const client = await openClient(url, `/ws/containers/${container_id}/terminal?${search.toString()}`, token);
  const { terminal_id } = await client.notice("opened");
  if (query["terminal_id"] === undefined) await client.reads("# ");
  return { ...client, terminal_id };
}
