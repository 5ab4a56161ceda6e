import { once } from "node:events";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { type FaultServer, startFaultServer } from "../transport/fault-server.fixture.ts";

const ID = "0123456789ab";
const EXEC_ID = "e".repeat(64);
const UPGRADED = "HTTP/1.1 101 UPGRADED\r\nApi-Version: 1.41\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const WISH = { command: ["sh"], cols: 80, rows: 24 };
const RUNNING = { Running: true, ExitCode: null, Pid: 7 };
const ENDED = { Running: false, ExitCode: 0, Pid: 7 };
const NEVER_RAN = { Running: false, ExitCode: 126, Pid: 0 };

interface Command {
  /** What the engine does with the connection of the start. */
  start: (socket: Socket) => void;
  state?: object;
  /** Statuses of the answers to a resize, in their order; the last stays. */
  resizes?: number[];
}

/** An engine with one command. Its state can be changed while it runs. */
async function serve(command: Command): Promise<FaultServer> {
  const { resizes = [200] } = command;
  const server = await startFaultServer(({ request, response, socket }) => {
    const step = request.url?.split("/").at(-1)?.split("?")[0];
    if (step === "exec") response.writeHead(201).end(JSON.stringify({ Id: EXEC_ID }));
    else if (step === "start") command.start(socket);
    else if (step === "json") response.end(JSON.stringify(command.state ?? RUNNING));
    else {
      const status = (resizes.length > 1 ? resizes.shift() : resizes[0]) ?? 200;
      response.writeHead(status).end(status === 200 ? "" : '{"message":"no such exec"}');
    }
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

test("loses nothing that comes in one packet with the head", async () => {
  const command: Command = { start: (socket) => socket.end(`${UPGRADED}first bytes`), state: ENDED };
  const { engine } = await serve(command);
  const { stream } = await engine.openTerminal(ID, WISH);
  expect(await text(stream)).toBe("first bytes");
});

test("sets the size at once, and again where the engine is not ready for it", async () => {
  const server = await serve({ start: (socket) => socket.write(UPGRADED), resizes: [404, 500, 200] });
  const { stream } = await server.engine.openTerminal(ID, WISH);
  onTestFinished(() => void stream.destroy());
  const resizes = server.requests.filter((request) => request.includes("/resize"));
  expect(resizes).toEqual(Array(3).fill(`POST /v1.41/exec/${EXEC_ID}/resize?h=24&w=80`));
});

test("says what the engine said of a command that never ran", async () => {
  const start = (socket: Socket) => void socket.end(`${UPGRADED}exec: "sh": not found\r\n`);
  const { engine } = await serve({ start, state: NEVER_RAN, resizes: [404] });
  const opening = engine.openTerminal(ID, WISH);
  await expect(opening).rejects.toMatchObject({ kind: "rejected", sent: true, message: 'exec: "sh": not found' });
});

test("gives up at its deadline where the engine never says why a command did not run", async () => {
  const { engine } = await serve({ start: (socket) => socket.write(UPGRADED), state: NEVER_RAN, resizes: [404] });
  await engine.ping(); // connected, so that the first request goes out at once
  const opening = engine.openTerminal(ID, WISH, { deadlineMs: 300 });
  await expect(opening).rejects.toMatchObject({ kind: "unreachable", timedOut: true, sent: true });
});

test("refuses a connection that a proxy does not let through", async () => {
  const { engine } = await serve({
    start: (socket) => socket.end("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nConnection: close\r\n\r\nprompt"),
  });
  const opening = engine.openTerminal(ID, WISH);
  await expect(opening).rejects.toMatchObject({ kind: "protocol", status: 200, sent: true });
});

test("tells of a container that stopped just before the start as a conflict", async () => {
  const body = '{"message":"No such exec instance"}';
  const { engine } = await serve({
    start: (socket) =>
      socket.end(`HTTP/1.1 404 Not Found\r\nApi-Version: 1.41\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  });
  await expect(engine.openTerminal(ID, WISH)).rejects.toMatchObject({ kind: "conflict", status: 404 });
});

test.each([
  ["is closed while the command runs", (socket: Socket) => void socket.end()],
  ["is reset", (socket: Socket) => void socket.resetAndDestroy()],
])("tells of a connection that %s as a loss", async (_, lose) => {
  const started = Promise.withResolvers<Socket>();
  const { engine } = await serve({
    start: (socket) => {
      socket.write(`${UPGRADED}prompt`);
      started.resolve(socket);
    },
  });
  const { stream } = await engine.openTerminal(ID, WISH);
  const lost = once(stream.resume(), "end");
  lose(await started.promise);
  await expect(lost).rejects.toMatchObject({ kind: "unreachable", sent: true, timedOut: false });
});

test("waits a moment for an end of which the engine does not know yet", async () => {
  const command: Command = { start: (socket) => socket.end(`${UPGRADED}bye`) };
  const server = await serve(command);
  const { stream } = await server.engine.openTerminal(ID, WISH);
  const screen = text(stream);
  await vi.waitFor(() =>
    expect(server.requests.filter((request) => request.includes("/json")).length).toBeGreaterThan(1),
  );
  command.state = ENDED;
  expect(await screen).toBe("bye");
});
