import { connectEngine } from "@berth/docker/connect-engine.ts";
import {
  issueClientCertificate,
  issueServerCertificate,
  type KeyAndCertificate,
  makeAuthority,
} from "@berth/docker/certificates/authority.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { expect, onTestFinished, test } from "vitest";
import { startSimulatedEngine } from "./simulated-engine.ts";

async function listWith(authority: KeyAndCertificate, client: KeyAndCertificate): Promise<unknown[]> {
  const server = await issueServerCertificate(authority, { hosts: ["127.0.0.1"], days: 1 });
  const simulated = await startSimulatedEngine({
    name: "sim",
    engine_id: "sim-1",
    listen: { port: 0, tls: { ca: authority.certificate, cert: server.certificate, key: server.key } },
  });
  const tls = { ca: authority.certificate, cert: client.certificate, key: client.key };
  const engine = connectEngine(parseEngineUrl(simulated.url, { tls }));
  onTestFinished(async () => {
    engine.close();
    await simulated.close();
  });
  return engine.listContainers({ labels: {} });
}

const CLIENT = { name: "client", days: 1 };

test("lets a client in over mutual TLS", async () => {
  const authority = await makeAuthority("ours");
  expect(await listWith(authority, await issueClientCertificate(authority, CLIENT))).toEqual([]);
});

test("refuses a client of another authority", async () => {
  const stranger = await issueClientCertificate(await makeAuthority("strangers"), CLIENT);
  await expect(listWith(await makeAuthority("ours"), stranger)).rejects.toThrow(EngineError);
});
