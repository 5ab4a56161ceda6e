import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { EngineError, type EngineTerminal, type TerminalRequest } from "@berth/docker/engine.ts";
import { relayEngine } from "./relayed-engine.ts";
import { type ContractTarget, eventually, openScratch, type Scratch } from "./scratch.ts";

/** A terminal through which bytes pass as they are, and that says when it does. */
const RAW = "stty raw -echo; echo ready; ";
const MEGABYTE = 1024 * 1024;
/** Hangs up what has `BERTH_TERMINAL=$1` in its environment: with what every image that has a shell has. */
const HANG_UP =
  'for dir in /proc/[0-9]*; do if grep -q "BERTH_TERMINAL=$1" "$dir/environ"; then kill -HUP "${dir#/proc/}"; fi; done';

export function describeTerminals(target: () => Promise<ContractTarget>): void {
  test("shows a shell's prompt, echoes what is typed, and tells the shell's exit code", async () => {
    const { terminal, screen } = await open(await openScratch(target), ["sh"]);
    await eventually(() => expect(screen.text).toContain("# "));
    expect(await terminal.exitCode()).toBeNull();
    terminal.stream.write("exit 7\r");
    await screen.ended;
    expect(screen.text).toContain("exit 7\r\n");
    expect(await terminal.exitCode()).toBe(7);
  });

  test("has its size from the beginning, and tells the program of another", async () => {
    const script =
      "read go; stty size; trap 'echo told' WINCH; echo ready; until test -e /go; do sleep 0.05; done; stty size";
    const scratch = await openScratch(target);
    const { id, terminal, screen } = await open(scratch, ["sh", "-c", script]);
    terminal.stream.write("\r");
    await eventually(() => expect(screen.text).toContain("ready"));
    expect(screen.text).toContain("33 101\r\n");
    await terminal.resize(90, 20);
    await eventually(() => expect(screen.text).toContain("told"));
    await scratch.engine.exec(id, ["touch", "/go"]);
    await screen.ended;
    expect(screen.text).toContain("20 90\r\n");
    await terminal.resize(80, 24); // a window that changes just as the command ends is no fault
  });

  test("carries bytes as they are, also when a character comes in parts", async () => {
    const { terminal, screen } = await open(await openScratch(target), ["sh", "-c", `${RAW}cat`]);
    await eventually(() => expect(screen.text).toBe("ready\n"));
    const typed = Buffer.from("日本語 é 🙂 \u0000\u0003\u0004\u0010\u0011\u007f");
    for (const byte of typed) terminal.stream.write(Uint8Array.of(byte));
    await eventually(() => expect(screen.bytes.subarray("ready\n".length)).toEqual(typed));
  });

  test("gives each byte to the program at once, and none of them detaches", async () => {
    const { terminal, screen } = await open(await openScratch(target), ["sh", "-c", `${RAW}cat`]);
    for (const [typed, shown] of [
      ["\u0010", "ready\n\u0010"],
      ["\u0011", "ready\n\u0010\u0011"],
      [".", "ready\n\u0010\u0011."],
    ] as const) {
      await eventually(() => expect(screen.text.length).toBe(shown.length - 1));
      terminal.stream.write(typed);
      await eventually(() => expect(screen.text).toBe(shown));
    }
  });

  test("takes a paste of 2 MB whole, no faster than the program reads it", async () => {
    const { terminal, screen } = await open(await openScratch(target), ["sh", "-c", `${RAW}cat`]);
    await eventually(() => expect(screen.text).toBe("ready\n"));
    const paste = Buffer.alloc(2 * MEGABYTE, "0123456789abcdef\n");
    expect(terminal.stream.write(paste)).toBe(false);
    await eventually(() => expect(screen.bytes).toHaveLength("ready\n".length + paste.length));
    expect(screen.bytes.subarray("ready\n".length).equals(paste)).toBe(true);
  });

  test("holds the program back while nobody reads", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const count = 32 * MEGABYTE;
    const terminal = await scratch.engine.openTerminal(
      id,
      wish(["sh", "-c", `${RAW}head -c ${count} /dev/zero; touch /done`]),
    );
    await eventually(() => expect(terminal.stream.readableLength).toBeGreaterThan(0));
    for (let look = 0; look < 5; look++) {
      expect((await scratch.engine.exec(id, ["test", "-e", "/done"])).exit_code).toBe(1);
      expect(terminal.stream.readableLength).toBeLessThan(MEGABYTE);
    }
    let length = 0;
    for await (const chunk of terminal.stream) length += (chunk as Buffer).length;
    expect(length).toBe("ready\n".length + count);
    expect((await scratch.engine.exec(id, ["test", "-e", "/done"])).exit_code).toBe(0);
  });

  test("ends well where the command ends before its terminal could be sized", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const terminal = await scratch.engine.openTerminal(id, wish(["true"]));
    expect(await text(terminal.stream)).toBe("");
    await eventually(async () => expect(await terminal.exitCode()).toBe(0));
  });

  test("says why a command can't be started", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const opening = scratch.engine.openTerminal(id, wish(["no-such-shell"]));
    await expect(opening).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("no-such-shell"),
    });
    // The same exit code from a command that ran is its own.
    const { terminal, screen } = await open(scratch, ["sh", "-c", "exit 127"], id);
    await screen.ended;
    expect(await terminal.exitCode()).toBe(127);
  });

  test("opens nothing in a container that does not run, or is paused", async ({ skip }) => {
    const scratch = await openScratch(target);
    const created = await scratch.create();
    const opening = scratch.engine.openTerminal(created, wish(["sh"]));
    await expect(opening).rejects.toMatchObject({ kind: "conflict", status: 409 });
    const { raw } = scratch.target;
    if (!raw) return skip("nothing can pause a container of this engine");
    await scratch.engine.startContainer(created);
    await raw("POST", `/containers/${created}/pause`);
    const paused = scratch.engine.openTerminal(created, wish(["sh"]));
    await expect(paused).rejects.toMatchObject({ kind: "conflict", status: 409 });
  });

  test("shows what follows, though nothing more is to be typed", async () => {
    const scratch = await openScratch(target);
    const script = "read go; until test -e /go; do sleep 0.05; done; echo bye; exit 3";
    const { id, terminal, screen } = await open(scratch, ["sh", "-c", script]);
    terminal.stream.end("\r");
    await eventually(() => expect(screen.text).toBe("\r\n"));
    await scratch.engine.exec(id, ["touch", "/go"]);
    await screen.ended;
    expect(screen.text).toBe("\r\nbye\r\n");
    expect(await terminal.exitCode()).toBe(3);
  });

  test("ends with its container", async () => {
    const scratch = await openScratch(target);
    const { id, screen } = await open(scratch, ["sh"]);
    await scratch.engine.stopContainer(id, 0);
    await screen.ended;
  });

  test("leaves the command alone when its reader has gone, until it is hung up", async () => {
    const scratch = await openScratch(target);
    const request = { env: [`BERTH_TERMINAL=${scratch.key}`] };
    const { id, terminal } = await open(scratch, ["sh"], undefined, request);
    const other = await open(scratch, ["sh"], id, { env: ["BERTH_TERMINAL=other"] });
    terminal.stream.destroy();
    await scratch.engine.exec(id, ["sh", "-c", HANG_UP, "sh", "nobody"]);
    expect(await terminal.exitCode()).toBeNull();
    await scratch.engine.exec(id, ["sh", "-c", HANG_UP, "sh", scratch.key]);
    await eventually(async () => expect(await terminal.exitCode()).toBe(129));
    expect(await other.terminal.exitCode()).toBeNull();
  });

  test("takes a connection that is cut for a loss, not for the command's end", async ({ skip }) => {
    const scratch = await openScratch(target);
    const { wire } = scratch.target;
    if (!wire) return skip("no plain connection leads to this engine");
    const { engine, cut } = await relayEngine(wire);
    const id = await scratch.start();
    const terminal = await engine.openTerminal(id, wish(["sh"]));
    const screen = watch(terminal);
    await eventually(() => expect(screen.text).toContain("# "));
    cut();
    const error = await screen.ended.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ kind: "unreachable", sent: true });
    expect(await terminal.exitCode()).toBeNull();
  });

  test("closes at its caller's signal, and with the engine's connection", async () => {
    const scratch = await openScratch(target);
    const id = await scratch.start();
    const stop = new AbortController();
    const signalled = watch(await scratch.engine.openTerminal(id, wish(["sh"]), { signal: stop.signal }));
    stop.abort();
    await expect(signalled.ended).rejects.toMatchObject({ kind: "closed" });
    const { engine } = await target();
    const closed = watch(await engine.openTerminal(id, wish(["sh"])));
    engine.close();
    await expect(closed.ended).rejects.toMatchObject({ kind: "closed" });
  });
}

function wish(command: string[]): TerminalRequest {
  return { command, cols: 101, rows: 33 };
}

interface Screen {
  /** All that was printed yet. */
  readonly bytes: Buffer;
  readonly text: string;
  ended: Promise<void>;
}

async function open(
  scratch: Scratch,
  command: string[],
  id?: string,
  more: Partial<TerminalRequest> = {},
): Promise<{ id: string; terminal: EngineTerminal; screen: Screen }> {
  const container = id ?? (await scratch.start());
  const terminal = await scratch.engine.openTerminal(container, { ...wish(command), ...more });
  return { id: container, terminal, screen: watch(terminal) };
}

function watch({ stream }: EngineTerminal): Screen {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => stream.once("end", resolve).once("error", reject));
  ended.catch(() => {}); // whoever waits for it is told
  return {
    get bytes() {
      return Buffer.concat(chunks);
    },
    get text() {
      return Buffer.concat(chunks).toString();
    },
    ended,
  };
}
