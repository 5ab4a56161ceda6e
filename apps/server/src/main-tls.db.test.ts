import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json, text } from "node:stream/consumers";
import { type TLSSocket, connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { createAuthority, issueServerCertificate } from "@berth/testbed/fleet/certificates.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const PATIENCE = { timeout: 15_000, interval: 50 };

let database: TestDatabase;
let folder: string;
let ca: string;
let server: ChildProcessWithoutNullStreams;
let log: string[];
let port: number;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "berth-tls-"));
  await createAuthority(folder);
  ca = await readFile(join(folder, "ca.pem"), "utf8");
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});
beforeEach(async () => {
  await putCertificate("first");
  await start();
});
afterEach(async () => {
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  const [code] = await exited;
  if (code !== 0) throw new Error(`the server ended with ${code}:\n${log.join("\n")}`);
});

async function putCertificate(name: string): Promise<void> {
  const issued = join(folder, name);
  await mkdir(issued, { recursive: true });
  const { cert, key } = await issueServerCertificate(folder, issued, name, "127.0.0.1");
  await copyFile(cert, join(folder, "cert.pem"));
  await copyFile(key, join(folder, "key.pem"));
}

async function start(): Promise<void> {
  server = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: database.url,
      BERTH_SECRET_KEY: "a secret of tests that is long enough",
      BERTH_PORT: "0",
      BERTH_SSH_PORT: "off",
      BERTH_TLS_CERT: join(folder, "cert.pem"),
      BERTH_TLS_KEY: join(folder, "key.pem"),
      BERTH_SUPERVISED: "1",
    },
  });
  log = [];
  for (const stream of [server.stdout, server.stderr]) {
    createInterface({ input: stream }).on("line", (line) => log.push(line));
  }
  const address = () => /listening at https:\/\/127\.0\.0\.1:(\d+)/.exec(log.join("\n"))?.[1];
  await vi.waitFor(() => expect(address(), log.join("\n")).toBeDefined(), PATIENCE);
  port = Number(address());
}

/** Whom the certificate of a new connection names. */
async function nameShown(): Promise<string | string[] | undefined> {
  const socket = connect({ port, host: "127.0.0.1", ca });
  await once(socket, "secureConnect");
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

async function ask(agent: Agent, path: string, { body, ...options }: Ask = {}) {
  const sent = request({ port, host: "127.0.0.1", ca, agent, path, ...options }).end(body);
  const [answer] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  return { answer, socket: answer.socket as TLSSocket };
}

test("serves https alone on its port, with a Secure cookie and the headers that go with it", async () => {
  const agent = new Agent();
  const credentials = JSON.stringify({ account: "li", password: hashAsClient("correct horse") });
  const headers = { "content-type": "application/json", origin: `https://127.0.0.1:${port}` };
  const register = await ask(agent, "/api/auth/register", { method: "POST", headers, body: credentials });
  expect(await json(register.answer)).toMatchObject({ account: "li" });
  const { answer } = await ask(agent, "/api/auth/login", { method: "POST", headers, body: credentials });
  expect(answer.headers["set-cookie"]?.map((cookie) => cookie.endsWith("; Secure; SameSite=Strict"))).toEqual([true]);
  expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(answer.headers["content-security-policy"]).toContain("upgrade-insecure-requests");
  await text(answer);
  agent.destroy();
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
});

test("reads its certificate again on SIGHUP, drops no connection, and keeps the old one where the new is bad", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const alive = async () => {
    const { answer, socket } = await ask(agent, "/healthz");
    expect(await json(answer)).toEqual({ alive: true });
    return socket;
  };
  const before = await alive();
  expect(await nameShown()).toBe("first");

  await putCertificate("second");
  server.kill("SIGHUP");
  await vi.waitFor(async () => expect(await nameShown()).toBe("second"), PATIENCE);
  expect(await alive()).toBe(before);

  await writeFile(join(folder, "key.pem"), "no key");
  server.kill("SIGHUP");
  await vi.waitFor(() => expect(log.join("\n")).toContain("the certificate could not be read again"), PATIENCE);
  expect(log.join("\n")).toContain("BERTH_TLS_KEY: there is no private key in PEM form");
  expect(await nameShown()).toBe("second");
  expect(await alive()).toBe(before);
  agent.destroy();
});
