import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { openInProcessApi } from "@berth/api/testing/in-process-api.ts";
import { loadSshHostKey } from "@berth/api/ssh/host-key.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import ssh2, { type Client, type ClientChannel } from "ssh2";
import { expect, onTestFinished, test, vi } from "vitest";
import { createLog } from "../log.ts";
import { createGateway, type GatewayLimits } from "./gateway.ts";

/** A gateway with these limits, whose forwarded ports echo, and somebody with a key and a container. */
async function openGateway(limits: Partial<GatewayLimits>) {
  const api = await openInProcessApi();
  const { sql } = api.services;
  const hostKey = await loadSshHostKey(sql, createSecretBox("a secret of tests"));
  const dial = async () => new PassThrough();
  const gateway = createGateway({ services: api.services, log: createLog("silent"), hostKey, dial, limits });
  const port = await gateway.listen("127.0.0.1", 0);
  const { machine_id } = await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "busybox:latest" });
  const { api: owner } = await api.addUser("li");
  await owner.container.create({ name: "train", image: "public/base:1", machine_id });
  const key = ssh2.utils.generateKeyPairSync("ed25519");
  await owner.user.ssh_keys.add({ public_key: key.public });
  const clients: Client[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await gateway.close();
    await api.close();
  });
  /** Not waited for. */
  const come = (privateKey: string = key.private): Client => {
    const client = new ssh2.Client();
    clients.push(client);
    client.on("error", () => {});
    client.connect({ host: "127.0.0.1", port, username: "train.li", privateKey });
    return client;
  };
  const enter = async (): Promise<Client> => {
    const client = come();
    await once(client, "ready");
    return client;
  };
  return { port, come, enter };
}

const forwardOut = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 1, "localhost", 8_000, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });

/** What a command is told, on either output. */
async function run(client: Client): Promise<string> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec("true", (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  let said = "";
  for (const output of [channel, channel.stderr]) output.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(channel, "close");
  return said;
}

test("a connection has no more channels than it may, and a place again once one has gone", async () => {
  const { enter } = await openGateway({ channels: 2 });
  const client = await enter();
  const [first] = await Promise.all([forwardOut(client), forwardOut(client)]);
  await expect(forwardOut(client)).rejects.toThrow("Channel open failure");
  await expect(run(client)).rejects.toThrow();
  first.write("still there");
  expect(String(((await once(first, "data")) as [Buffer])[0])).toBe("still there");
  first.close();
  await once(first, "close");
  expect(await forwardOut(client)).toBeDefined();
});

test("an account with too many connections is told so on the next one, and those that are open stay", async () => {
  const { enter } = await openGateway({ perAccount: 2 });
  const [first] = [await enter(), await enter()];
  const third = await enter();
  expect(await run(third)).toContain("You have 2 ssh connections open: close one first.");
  await expect(forwardOut(third)).rejects.toThrow("Channel open failure");
  third.end();
  await once(third, "close");
  expect(await forwardOut(first)).toBeDefined();
});

test("who offers too many wrong keys is sent away, and so is an address that came too often for nothing", async () => {
  const { enter, come } = await openGateway({ perAddress: 2, windowMs: 60_000 });
  const open = await enter();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const stranger = come(ssh2.utils.generateKeyPairSync("ed25519").private);
    const [error] = (await once(stranger, "error")) as [Error];
    expect(error.message).toContain("authentication methods failed");
    await once(stranger, "close");
  }
  // With the right key, too: it is sent away before it can show one.
  const late = come();
  await expect(once(late, "ready")).rejects.toThrow("Connection lost before handshake");
  expect(await forwardOut(open)).toBeDefined();
});

test.each([
  ["says nothing", ""],
  ["says no more than that it speaks ssh", "SSH-2.0-slow\r\n"],
  ["speaks something else", "GET / HTTP/1.1\r\n\r\n"],
])("who %s is not waited for, and does not keep the connection by staying", async (_what, greeting) => {
  const { port } = await openGateway({ handshakeMs: 200 });
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.resume();
  socket.write(greeting);
  await once(socket, "end");
  // The far end has not only ended its side: what is written gets nowhere.
  await vi.waitFor(() => {
    socket.write(".");
    expect(socket.destroyed).toBe(true);
  });
});

test("no more connections are taken than there may be, let in or not", async () => {
  const { port, enter } = await openGateway({ connections: 2 });
  const first = await enter();
  const silent = connect(port, "127.0.0.1");
  await once(silent, "data"); // its greeting
  const refused = connect(port, "127.0.0.1");
  let said = "";
  refused.on("data", (chunk) => (said += String(chunk)));
  refused.on("error", () => {});
  await once(refused, "close");
  expect(said).toBe("");
  expect(await forwardOut(first)).toBeDefined();
  silent.destroy();
});
