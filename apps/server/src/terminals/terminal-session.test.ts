import { duplexPair, type Duplex } from "node:stream";
import { EngineError, type EngineTerminal } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { OUTPUT_HIGH_BYTES } from "./socket-output.ts";
import { SESSION_LIMITS, TerminalSession } from "./terminal-session.ts";
import { openSocketPairs } from "./testing/socket-pair.ts";

const ID = "11111111-2222-4333-8444-555555555555";
const SIZE = { cols: 80, rows: 24 };
const MIB = 1024 * 1024;
const SOON = { timeout: 10_000 };

let pairs: Awaited<ReturnType<typeof openSocketPairs>>;
beforeAll(async () => {
  pairs = await openSocketPairs();
});
afterAll(() => pairs.close());

interface Command {
  session: TerminalSession;
  /** The command's own side: what it writes is printed, and it reads what is typed. */
  program: Duplex;
  stream: Duplex;
  sizes: string[];
  told: string[];
  exit(code: number | null): void;
}

function start(limits: Partial<typeof SESSION_LIMITS> = {}, resized: Promise<void> = Promise.resolve()): Command {
  const [stream, program] = duplexPair();
  const sizes: string[] = [];
  const told: string[] = [];
  let exitCode: number | null = null;
  const terminal: EngineTerminal = {
    stream,
    resize: (cols, rows) => {
      sizes.push(`${cols}x${rows}`);
      return resized;
    },
    exitCode: () => Promise.resolve(exitCode),
  };
  const events = Object.fromEntries(
    (["detached", "exited", "abandoned", "forgotten"] as const).map((name) => [name, () => void told.push(name)]),
  ) as Record<"detached" | "exited" | "abandoned" | "forgotten", () => void>;
  const session = new TerminalSession(ID, terminal, {
    log: pino({ level: "silent" }),
    limits: { ...SESSION_LIMITS, ...limits },
    events,
  });
  onTestFinished(() => {
    session.close(new DomainError("GONE", "The test is over."));
    session.drop();
  });
  const exit = (code: number | null): void => {
    exitCode = code;
    program.end();
  };
  return { session, program, stream, sizes, told, exit };
}

async function show({ session }: Command, size = SIZE) {
  const pair = await pairs.open();
  session.attach(pair.server, size);
  return pair;
}

test("shows what the command prints, and types what is sent", async () => {
  const command = start();
  const { peer } = await show(command);
  command.program.write("漢字 $ ");
  await expect.poll(() => peer.read().toString(), SOON).toBe("漢字 $ ");
  expect(peer.notices).toEqual([{ type: "opened", terminal_id: ID, replay: false }]);
  let typed = "";
  command.program.on("data", (bytes: Buffer) => (typed += bytes.toString()));
  peer.socket.send(Buffer.from("ls\r"));
  await expect.poll(() => typed, SOON).toBe("ls\r");
  peer.socket.send(JSON.stringify({ type: "resize", cols: 120, rows: 40 }));
  await expect.poll(() => command.sizes, SOON).toEqual(["120x40"]);
});

test("asks the engine for one size at a time, and for the last of those that came meanwhile", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const command = start({}, promise);
  const { peer } = await show(command);
  for (let cols = 1; cols <= 500; cols += 1) peer.socket.send(JSON.stringify({ type: "resize", cols, rows: 1 }));
  let typed = "";
  command.program.on("data", (bytes: Buffer) => (typed += bytes.toString()));
  peer.socket.send(Buffer.from("behind them"));
  await expect.poll(() => typed, SOON).toBe("behind them");
  expect(command.sizes).toEqual(["1x1"]);
  resolve();
  await expect.poll(() => command.sizes, SOON).toEqual(["1x1", "500x1"]);
  peer.socket.send(JSON.stringify({ type: "resize", cols: 7, rows: 7 }));
  await expect.poll(() => command.sizes, SOON).toEqual(["1x1", "500x1", "7x7"]);
});

test("refuses a text message that it does not know", async () => {
  for (const message of ["ls\r", '{"type":"resize","cols":0,"rows":1}', '{"type":"shout"}']) {
    const { peer } = await show(start());
    peer.socket.send(message);
    expect((await peer.closed).code).toBe(4400);
    expect(peer.notices.at(-1)).toMatchObject({ type: "error", error: { code: "BAD_REQUEST" } });
  }
});

test("shows again what was printed, also while nobody looked, to a page that was reloaded", async () => {
  const command = start();
  const before = await show(command);
  command.program.write("one ");
  await expect.poll(() => before.peer.read().toString(), SOON).toBe("one ");
  before.peer.socket.terminate();
  await expect.poll(() => command.told, SOON).toEqual(["detached"]);
  command.program.write("two ");
  const { peer } = await show(command, { cols: 100, rows: 30 });
  command.program.write("three");
  await expect.poll(() => peer.read().toString(), SOON).toBe("one two three");
  expect(command.sizes).toEqual(["100x30"]);
  expect(command.told).toEqual(["detached"]);
});

test("tells a page that comes back whether what was printed before follows", async () => {
  const command = start();
  const { peer } = await show(command);
  await expect.poll(() => peer.notices, SOON).toMatchObject([{ replay: false }]);
  const again = await show(command);
  await expect.poll(() => again.peer.notices, SOON).toMatchObject([{ replay: false }]);
  command.program.write("$ ");
  await expect.poll(() => again.peer.read().toString(), SOON).toBe("$ ");
  const last = await show(command);
  await expect.poll(() => last.peer.notices, SOON).toMatchObject([{ replay: true }]);
  await expect.poll(() => last.peer.read().toString(), SOON).toBe("$ ");
});

test("ends the older socket where another comes", async () => {
  const command = start();
  const [older, newer] = [await show(command), await show(command)];
  expect(await older.peer.closed).toEqual({ code: 1000, reason: "taken over" });
  command.program.write("here");
  await expect.poll(() => newer.peer.read().toString(), SOON).toBe("here");
  expect(older.peer.read()).toHaveLength(0);
  expect(command.told).toEqual([]);
});

test("is abandoned when nobody has come back in time, and not sooner", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const command = start({ graceMs: 60_000 });
  const { server, peer } = await show(command);
  vi.advanceTimersByTime(100_000);
  peer.socket.terminate();
  await new Promise((resolve) => server.once("close", resolve));
  vi.advanceTimersByTime(59_999);
  const again = await show(command);
  vi.advanceTimersByTime(100_000);
  again.peer.socket.terminate();
  await new Promise((resolve) => again.server.once("close", resolve));
  vi.advanceTimersByTime(59_999);
  expect(command.told).toEqual(["detached", "detached"]);
  vi.advanceTimersByTime(1);
  expect(command.told).toEqual(["detached", "detached", "abandoned"]);
});

test("tells the end of its command and how it ended, after all that was printed", async () => {
  const command = start();
  const { peer } = await show(command);
  command.program.write("bye");
  command.exit(3);
  expect(await peer.closed).toMatchObject({ code: 1000 });
  expect(peer.read().toString()).toBe("bye");
  expect(peer.notices).toEqual([
    { type: "opened", terminal_id: ID, replay: false },
    { type: "exited", exit_code: 3 },
  ]);
  await expect.poll(() => command.told, SOON).toEqual(["exited", "forgotten"]);
});

test("tells the end to who comes back after it", async () => {
  const command = start();
  const before = await show(command);
  before.peer.socket.terminate();
  await expect.poll(() => command.told, SOON).toEqual(["detached"]);
  command.program.write("bye");
  command.exit(0);
  await expect.poll(() => command.told, SOON).toEqual(["detached", "exited"]);
  const { peer } = await show(command);
  expect(await peer.closed).toMatchObject({ code: 1000 });
  expect(peer.read().toString()).toBe("bye");
  expect(peer.notices.at(-1)).toEqual({ type: "exited", exit_code: 0 });
  await expect.poll(() => command.told, SOON).toEqual(["detached", "exited", "forgotten"]);
});

test("says that the machine is away where its connection breaks, and has the command hung up", async () => {
  const command = start();
  const { peer } = await show(command);
  command.stream.destroy(new EngineError("unreachable", "The connection was lost."));
  expect((await peer.closed).code).toBe(4503);
  expect(command.told).toEqual(["abandoned"]);
});

test("pauses the engine while its reader is slow, and goes on from there", async () => {
  const command = start();
  const { peer } = await show(command);
  peer.socket.pause();
  const piece = Buffer.alloc(64 * 1024, "x");
  let printed = 0;
  const print = (): void => {
    while (printed < 64 * MIB) {
      printed += piece.length;
      if (!command.program.write(piece)) return void command.program.once("drain", print);
    }
  };
  print();
  await vi.waitUntil(() => command.stream.isPaused(), { timeout: 10_000 });
  // The kernel's buffers hold some.
  expect(printed).toBeLessThan(32 * MIB);
  peer.socket.resume();
  await vi.waitUntil(() => peer.read().length === 64 * MIB, { timeout: 15_000, interval: 200 });
});

test("goes on reading when a slow reader has gone", async () => {
  const command = start();
  const { server, peer } = await show(command);
  peer.socket.pause();
  const piece = Buffer.alloc(64 * 1024, "x");
  while (!command.stream.isPaused()) {
    if (!command.program.write(piece)) await new Promise((resolve) => setImmediate(resolve));
  }
  server.terminate();
  await expect.poll(() => command.stream.isPaused(), SOON).toBe(false);
  command.program.write("the end");
  const next = await show(command);
  await expect.poll(() => next.peer.read().toString().endsWith("the end"), SOON).toBe(true);
});

test("pauses who types faster than the command reads, and types all of it", async () => {
  const command = start();
  const { server, peer } = await show(command);
  const pasted = 10 * MIB;
  const piece = Buffer.alloc(10 * 1024, "p");
  for (let sent = 0; sent < pasted; sent += piece.length) peer.socket.send(piece);
  await expect.poll(() => server.isPaused, SOON).toBe(true);
  expect(command.stream.writableLength).toBeLessThan(OUTPUT_HIGH_BYTES);
  let typed = 0;
  command.program.on("data", (bytes: Buffer) => (typed += bytes.length));
  await vi.waitUntil(() => typed === pasted, { timeout: 15_000 });
  await expect.poll(() => server.isPaused, SOON).toBe(false);
});

test("holds a page that comes back while the command still does not read", async () => {
  const command = start();
  const first = await show(command);
  first.peer.socket.send(Buffer.alloc(MIB / 2));
  await expect.poll(() => first.server.isPaused, SOON).toBe(true);
  first.server.terminate();
  await expect.poll(() => command.told, SOON).toEqual(["detached"]);
  const { server } = await show(command);
  expect(server.isPaused).toBe(true);
  command.program.resume();
  await expect.poll(() => server.isPaused, SOON).toBe(false);
});

test("ends a socket that was held for too long: nobody can say whether its browser is alive", async () => {
  const command = start({ stallMs: 50 });
  const { peer } = await show(command);
  peer.socket.send(Buffer.alloc(MIB / 2));
  expect((await peer.closed).code).toBe(4503);
  await expect.poll(() => command.told, SOON).toEqual(["detached"]);
});
