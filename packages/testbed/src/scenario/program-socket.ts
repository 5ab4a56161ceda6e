import { onTestFinished } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";

const PATIENCE_MS = 30_000;

/** A WebSocket as a program opens it, and all that came of it. It ends with the test. */
export interface ProgramSocket {
  /** Text messages, parsed. */
  messages: readonly unknown[];
  /** Binary messages, as text. */
  printed(): string;
  send(message: object): void;
  type(text: string): void;
  /** Waits for a text message of which this holds. */
  hears(what: string, holds: (message: unknown) => boolean): Promise<void>;
  /** Waits until this was printed. */
  prints(text: string): Promise<void>;
  /** Resolves with the code that the server closed it with. */
  closed: Promise<number>;
}

/** Opens `path` of a server; `first` is the message that says who one is. */
export async function openProgramSocket(url: string, path: string, first: object): Promise<ProgramSocket> {
  const socket = new WebSocket(url.replace(/^http/, "ws") + path);
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const parts: Buffer[] = [];
  const closed = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("error", () => opened.reject(new Error(`${path} can't be opened`)));
  socket.addEventListener("close", ({ code }) => closed.resolve(code));
  socket.addEventListener("message", ({ data }: MessageEvent) => {
    if (typeof data === "string") messages.push(JSON.parse(data));
    else parts.push(Buffer.from(data as ArrayBuffer));
  });
  onTestFinished(() => socket.close());
  await opened.promise;
  const printed = (): string => Buffer.concat(parts).toString();
  const waitFor = async (what: string, holds: () => boolean): Promise<void> => {
    try {
      await waitUntil(what, PATIENCE_MS, holds);
    } catch (error) {
      throw new Error(`no ${what}, but ${JSON.stringify([messages.slice(-5), printed().slice(-500)])}`, {
        cause: error,
      });
    }
  };
  const send = (message: object): void => socket.send(JSON.stringify(message));
  send(first);
  return {
    messages,
    printed,
    send,
    type: (text) => socket.send(Buffer.from(text)),
    hears: (what, holds) => waitFor(what, () => messages.some(holds)),
    prints: (text) => waitFor(JSON.stringify(text), () => printed().includes(text)),
    closed: closed.promise,
  };
}
