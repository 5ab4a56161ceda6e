import { randomBytes } from "node:crypto";
import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { describeOnEngines } from "./on-engines.ts";
import { openProgramSocket, type ProgramSocket } from "./program-socket.ts";

const terminalIdOf = ({ messages }: ProgramSocket): string =>
  (messages as { type: string; terminal_id: string }[]).find(({ type }) => type === "opened")?.terminal_id ?? "";

/** With a prompt. */
async function openTerminal({ url }: ApiServer, path: string, access_token: string): Promise<ProgramSocket> {
  const terminal = await openProgramSocket(url, path, { access_token });
  await terminal.prints("# ");
  return terminal;
}

// No engine of another kind would make a difference: what is seen here is between the servers.
describeOnEngines(["simulated"], (scene) => {
  /** The Berth's own. */
  let b: ApiServer;
  let a: ApiServer;
  beforeAll(async () => {
    const { database_url: databaseUrl, server } = scene().berth;
    b = server;
    a = await startApiServer({ databaseUrl, secretKey: server.secret_key });
  });
  afterAll(() => a.stop());

  test("a terminal of the other server is gone, and a new one opens in its place", async () => {
    const account = `user-${randomBytes(4).toString("hex")}`;
    const container = await scene().run({}, await b.registerUser(account));
    const token = await a.signIn(account);
    const path = `/ws/containers/${container.container_id}/terminal`;

    const atA = await openTerminal(a, path, token);
    const reloaded = `${path}?terminal_id=${terminalIdOf(atA)}`;
    const refused = await openProgramSocket(b.url, reloaded, { access_token: token });
    expect(await refused.closed).toBe(CLOSE_CODE.GONE);
    expect(refused.messages).toMatchObject([{ type: "error", error: { code: "GONE" } }]);

    const atB = await openTerminal(b, path, token);
    expect(terminalIdOf(atB)).not.toBe(terminalIdOf(atA));
    for (const [name, terminal] of Object.entries({ atA, atB })) {
      terminal.type(`echo this is ${name}.\r`);
      await terminal.prints(`\nthis is ${name}.`);
    }
    const backAtA = await openProgramSocket(a.url, reloaded, { access_token: token });
    await backAtA.prints("\nthis is atA.");
    expect(backAtA.printed()).not.toContain("atB");
  });

  test("a container that was asked for at one server is followed, read and stopped at the other", async () => {
    const account = `user-${randomBytes(4).toString("hex")}`;
    const owner = await b.registerUser(account);
    const container = await scene().run({ command: ["sh", "-c", "echo printed; sleep 1000"] }, owner);
    const token = await b.signIn(account);

    const log = await openProgramSocket(a.url, `/ws/containers/${container.container_id}/logs`, {
      access_token: token,
    });
    await log.prints("printed");
    const first = { method: "connectionParams", data: { access_token: token } };
    const changes = await openProgramSocket(a.url, "/trpc?connectionParams=1", first);
    changes.send({ id: 1, method: "subscription", params: { path: "live.changes" } });
    await changes.hears("first batch", (message) => JSON.stringify(message).includes('"type":"data"'));
    await owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    const change = JSON.stringify({ noun: "container", id: String(container.container_id) });
    await changes.hears(change, (message) => JSON.stringify(message).includes(change));
  });
});
