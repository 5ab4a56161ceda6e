import { createHash, randomBytes } from "node:crypto";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { type BerthClient, createBerthClient } from "@berth/api/client.ts";
import { createApiServices } from "@berth/api/services.ts";
import { createDb } from "@berth/db/client.ts";
import { loadInstallation } from "@berth/db/installation.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { startApiServer } from "@berth/testbed/scenario/api-server.ts";
import { describeOnEngines } from "@berth/testbed/scenario/on-engines.ts";
import type { Scene } from "@berth/testbed/scenario/scene.ts";
import type { WatchedContainer } from "@berth/testbed/scenario/watched-container.ts";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { registerSockets } from "../sockets/register-sockets.ts";
import { registerTerminals } from "./register-terminals.ts";
import { openClient, openTerminal } from "./testing/terminal-client.ts";

const PATIENCE_MS = 30_000;
const PASTE_BYTES = 10 * 1024 * 1024;
/** What nohup does, for images without it. */
const LASTING = "(trap '' HUP; exec sleep 4711) </dev/null >/dev/null 2>&1 &";
/** Its server has not been heard of for long enough to count as dead. */
const AGED = "UPDATE terminals SET renewed_at = renewed_at - interval '61 seconds' WHERE terminal_id = $1";

interface Owner {
  client: BerthClient;
  token: string;
}

async function signUp({ berth }: Scene): Promise<Owner> {
  const account = `user-${randomBytes(4).toString("hex")}`;
  const client = await berth.server.registerUser(account);
  const password = hashAsClient(`${account}'s password`);
  const { access_token } = await createBerthClient({ url: berth.server.url }).auth.login.mutate({ account, password });
  return { client, token: access_token };
}

/** A container of a new user's, and that user's token. */
async function run(scene: Scene): Promise<{ container: WatchedContainer; owner: Owner; token: string }> {
  const owner = await signUp(scene);
  const container = await scene.run({}, owner.client);
  return { container, owner, token: owner.token };
}

/** Command lines of the container's processes that a terminal has started. */
async function processesOf(container: WatchedContainer, terminalId: string): Promise<string[]> {
  const find = `for dir in /proc/[0-9]*; do
    grep -q "BERTH_TERMINAL=${terminalId}" $dir/environ && tr '\\0' ' ' <$dir/cmdline && echo; done 2>/dev/null; true`;
  return (await container.shell(find)).split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

const onlyLastingIsLeft = (container: WatchedContainer, terminalId: string): Promise<void> =>
  waitUntil("the terminal to be hung up", PATIENCE_MS, async () => {
    const left = await processesOf(container, terminalId);
    return left.length === 1 && left[0] === "sleep 4711";
  });

/** One server of this process, on the same database, whose terminals wait only so long for their pages. */
async function startServer({ berth }: Scene, graceMs: number): Promise<string> {
  const db = createDb(berth.database_url);
  const box = createSecretBox(berth.server.secret_key);
  const installation = await loadInstallation(prismaSql(db));
  const services = createApiServices({ db, box, installation, connectEngine });
  const app = Fastify({ forceCloseConnections: true });
  registerTerminals(app, { services, sockets: await registerSockets(app, { services }), limits: { graceMs } });
  onTestFinished(async () => {
    await app.close();
    services.engines.close();
    await db.$disconnect();
  });
  return app.listen({ host: "127.0.0.1", port: 0 });
}

describeOnEngines(["real", "simulated"], (scene) => {
  const url = (): string => scene().berth.server.url;

  test("opens a shell, shows what is typed, and tells how it ended", async () => {
    const { container, token } = await run(scene());
    const terminal = await openTerminal(url(), token, container.container_id);
    terminal.type("echo 漢字 $((6*7))\r");
    await terminal.reads(scene().engine.simulated ? "漢字" : "漢字 42\r\n");
    terminal.type("exit 3\r");
    expect(await terminal.notice("exited")).toEqual({ type: "exited", exit_code: 3 });
    expect(await terminal.closed).toMatchObject({ code: 1000 });
    const audited = await scene().berth.query(
      "SELECT 1 FROM audit_log WHERE action = 'open terminal' AND noun = 'container' AND object_id = $1",
      [String(container.container_id)],
    );
    expect(audited).toHaveLength(1);
    const rows = () => scene().berth.query("SELECT 1 FROM terminals WHERE terminal_id = $1", [terminal.terminal_id]);
    await waitUntil("its row to be gone", PATIENCE_MS, async () => (await rows()).length === 0);
  });

  test("has the size of its window, and tells the program of another", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const { container, token } = await run(scene());
    const terminal = await openTerminal(url(), token, container.container_id, { cols: 101, rows: 33 });
    terminal.type("stty size; env | grep -E '^(TERM|LANG)='\r");
    await terminal.reads("33 101\r\n");
    await terminal.reads("TERM=xterm-256color\r\n");
    await terminal.reads("LANG=C.UTF-8\r\n");
    terminal.type('sh -c \'trap "stty size; exit" WINCH; echo wait""ing; while :; do sleep 0.1; done\'\r');
    await terminal.reads("waiting\r\n");
    terminal.socket.send(JSON.stringify({ type: "resize", cols: 90, rows: 20 }));
    await terminal.reads("20 90\r\n");
  });

  test("passes on 10 MB that are pasted, whole", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const { container, token } = await run(scene());
    const terminal = await openTerminal(url(), token, container.container_id);
    terminal.type(`stty raw -echo; echo rea""dy; head -c ${PASTE_BYTES} | sha256sum\r`);
    await terminal.reads("ready\n");
    // Engines double some bytes that follow a NUL, which nobody pastes.
    const pasted = randomBytes(PASTE_BYTES).map((byte) => byte || 1);
    for (let at = 0; at < pasted.length; at += 10_000) terminal.socket.send(pasted.subarray(at, at + 10_000));
    await terminal.reads(createHash("sha256").update(pasted).digest("hex"));
  });

  test("keeps several terminals of one container apart", async () => {
    const { container, token } = await run(scene());
    const terminals = await Promise.all([1, 2, 3, 4, 5].map(() => openTerminal(url(), token, container.container_id)));
    for (const [index, terminal] of terminals.entries()) terminal.type(`echo terminal ${index}.\r`);
    for (const [index, terminal] of terminals.entries()) {
      await terminal.reads(`\nterminal ${index}.\r\n`);
      expect(terminal.text().match(/\nterminal/g)).toHaveLength(1);
    }
  });

  test("shows a reloaded page what was there, and goes on", async () => {
    const { container, token } = await run(scene());
    const first = await openTerminal(url(), token, container.container_id);
    first.type("echo before\r");
    const seen = await first.reads("\nbefore\r\n");
    const { terminal_id } = first;
    const second = await openTerminal(url(), token, container.container_id, { terminal_id });
    expect(await first.closed).toEqual({ code: 1000, reason: "taken over" });
    expect(await second.reads("\nbefore\r\n")).toContain(seen);
    await second.vanish();
    const third = await openTerminal(url(), token, container.container_id, { terminal_id });
    third.type("echo after\r");
    await third.reads("\nafter\r\n");
    expect(third.notices).toEqual([{ type: "opened", terminal_id, replay: true }]);
  });

  test("keeps a terminal open while its machine is cordoned, and others are opened there", async () => {
    const { berth, machine_id } = scene();
    const { container, token } = await run(scene());
    const terminal = await openTerminal(url(), token, container.container_id);
    for (const state of ["cordoned", "active"] as const) {
      await berth.admin.machine.update.mutate({ machine_id, state });
      await openTerminal(url(), token, container.container_id);
      terminal.type(`echo still ${state}.\r`);
      await terminal.reads(`\nstill ${state}.\r\n`);
    }
    expect(terminal.notices).toHaveLength(1);
  });

  test("opens a terminal for nobody else, and gives one to none but its opener", async () => {
    const { container, owner, token } = await run(scene());
    const path = `/ws/containers/${container.container_id}/terminal`;
    const { terminal_id } = await openTerminal(url(), token, container.container_id);
    const stranger = await signUp(scene());
    const closeCode = async (at: string, as: string): Promise<number> =>
      (await (await openClient(url(), at, as)).closed).code;
    expect(await closeCode(path, stranger.token)).toBe(4404);
    expect(await closeCode(`${path}?terminal_id=${terminal_id}`, stranger.token)).toBe(4404);
    expect(await closeCode(`${path}?terminal_id=00000000-0000-4000-8000-000000000000`, token)).toBe(4404);
    expect(await closeCode(`${path}?cols=0`, token)).toBe(4400);
    expect(await closeCode("/ws/containers/x/terminal", token)).toBe(4400);
    const reader = await owner.client.user.api_tokens.create.mutate({ name: "reader" });
    expect(await closeCode(path, reader.token)).toBe(4403);
    const { token: admins } = await scene().berth.admin.user.api_tokens.create.mutate({
      name: `a-${terminal_id}`,
      scope: "write",
    });
    expect(await closeCode(`${path}?terminal_id=${terminal_id}`, admins)).toBe(4404);
    await openTerminal(url(), admins, container.container_id);

    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    expect(await closeCode(path, token)).toBe(4409);
  });

  test("hangs up a terminal to which nobody came back, and leaves alone what was to last", async ({ skip }) => {
    const { container, token } = await run(scene());
    const server = await startServer(scene(), 300);
    const terminal = await openTerminal(server, token, container.container_id);
    const { terminal_id } = terminal;
    const rows = () => scene().berth.query("SELECT 1 FROM terminals WHERE terminal_id = $1", [terminal_id]);
    expect(await rows()).toHaveLength(1);
    if (scene().engine.simulated) {
      terminal.type("sleep 4712\r");
      await terminal.vanish();
      await waitUntil("its row to be gone", PATIENCE_MS, async () => (await rows()).length === 0);
      skip("there are no processes to look at");
    }
    terminal.type(`${LASTING}\r`);
    terminal.type("echo go; sleep 4712\r");
    await waitUntil("both to run", PATIENCE_MS, async () => (await processesOf(container, terminal_id)).length === 3);
    await terminal.vanish();
    await onlyLastingIsLeft(container, terminal_id);
    await waitUntil("its row to be gone", PATIENCE_MS, async () => (await rows()).length === 0);
  });

  test("ends a command that does not want to be hung up", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const { container, token } = await run(scene());
    const server = await startServer(scene(), 300);
    const terminal = await openTerminal(server, token, container.container_id);
    terminal.type(`${LASTING}\r`);
    terminal.type("trap '' HUP; echo tra''pped\r");
    await terminal.reads("trapped\r\n");
    await terminal.vanish();
    await onlyLastingIsLeft(container, terminal.terminal_id);
  });

  test("hangs its terminals up when the server stops, and when their user is signed out", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const { berth } = scene();
    const { container, owner, token } = await run(scene());
    const other = await startApiServer({ databaseUrl: berth.database_url, secretKey: berth.server.secret_key });
    onTestFinished(async () => void (await other.stop()));
    const stopped = await openTerminal(other.url, token, container.container_id);
    stopped.type(`${LASTING}\r`);
    await waitUntil("it to run", PATIENCE_MS, async () => {
      return (await processesOf(container, stopped.terminal_id)).length === 2;
    });
    expect(await other.stop()).toBe(0);
    await onlyLastingIsLeft(container, stopped.terminal_id);

    const signedOut = await openTerminal(url(), token, container.container_id);
    await owner.client.auth.logout_everywhere.mutate({});
    expect((await signedOut.closed).code).toBe(4401);
    await waitUntil("it to be hung up", PATIENCE_MS, async () => {
      return (await processesOf(container, signedOut.terminal_id)).length === 0;
    });
  });

  test("hangs a terminal up that could not be while its container was paused", async () => {
    const { berth, engine } = scene();
    const { container, token } = await run(scene());
    const other = await startApiServer({ databaseUrl: berth.database_url, secretKey: berth.server.secret_key });
    onTestFinished(async () => void (await other.stop()));
    const { terminal_id } = await openTerminal(other.url, token, container.container_id);
    const rows = () => berth.query("SELECT 1 FROM terminals WHERE terminal_id = $1", [terminal_id]);
    const { id } = await container.onEngine();
    // It would unpause it.
    await berth.reconciler.stop();
    try {
      await engine.docker("pause", id);
      expect(await other.stop()).toBe(0);
      expect(await rows()).toHaveLength(1);
      await engine.docker("unpause", id);
    } finally {
      await berth.startReconciler();
    }
    await berth.query(AGED, [terminal_id]);
    await startServer(scene(), 60_000);
    await waitUntil("its row to be gone", PATIENCE_MS, async () => (await rows()).length === 0);
    if (!engine.simulated) expect(await processesOf(container, terminal_id)).toEqual([]);
  });

  test("leaves a terminal to the server that opened it, until that server has died", async ({ skip }) => {
    if (scene().engine.simulated) skip();
    const { berth } = scene();
    const { container, token } = await run(scene());
    const other = await startApiServer({ databaseUrl: berth.database_url, secretKey: berth.server.secret_key });
    const terminal = await openTerminal(other.url, token, container.container_id);
    const { terminal_id } = terminal;
    const path = `/ws/containers/${container.container_id}/terminal?terminal_id=${terminal_id}`;
    expect((await (await openClient(url(), path, token)).closed).code).toBe(4410);
    terminal.type(`${LASTING}\r`);
    terminal.type("sleep 4712\r");
    await waitUntil("both to run", PATIENCE_MS, async () => (await processesOf(container, terminal_id)).length === 3);

    process.kill(other.pid, "SIGKILL");
    await terminal.closed;
    await berth.query(AGED, [terminal_id]);
    await startServer(scene(), 60_000);
    await onlyLastingIsLeft(container, terminal_id);
    const rows = () => berth.query("SELECT 1 FROM terminals WHERE terminal_id = $1", [terminal_id]);
    await waitUntil("its row to be gone", PATIENCE_MS, async () => (await rows()).length === 0);
  });
});
