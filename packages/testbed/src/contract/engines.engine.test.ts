import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { createAuthority, issueClientCertificate, type TlsClient } from "../fleet/certificates.ts";
import { describeCommands } from "./commands.ts";
import { describeConnection } from "./connection.ts";
import { describeEngineContract } from "./engine-contract.ts";
import { describeEvents } from "./events.ts";
import { describeOpenCommands } from "./open-commands.ts";
import { rawRequests } from "./raw-requests.ts";
import { describeTerminals } from "./terminals.ts";

const fleet = sharedFleet();

/** On simulated engines the same contract is run by `simulated-contract.test.ts`, which needs no fleet. */
describe.skipIf(fleet === null)("real engines", () => {
  for (const { name, url, tls, socket_path } of fleet?.engines ?? []) {
    const address = parseEngineUrl(url, { tls });
    describeEngineContract(name, async () => ({
      engine: connectEngine(address),
      image: "berth-test/busybox:latest",
      pullable: `${fleet?.registry.address}/berth-test/busybox:derived`,
      raw: rawRequests(address),
      wire: { path: socket_path },
    }));
  }

  for (const { name, socket_path } of fleet?.engines ?? []) {
    const address = { kind: "unix", path: socket_path } as const;
    const target = async () => ({
      engine: connectEngine(address),
      image: "berth-test/busybox:latest",
      raw: rawRequests(address),
      wire: { path: socket_path },
    });
    // Only what depends on the wire: the rest of the contract is the same engine's again.
    describe(`${name}, over its socket`, () => {
      describeConnection(target);
      describeEvents(target);
      describeCommands(target);
      describeOpenCommands(target);
      describeTerminals(target);
    });
  }

  test("refuse a client that another authority vouches for, before they do anything", async () => {
    const { cert, key } = await strangersCertificate();
    for (const { url, tls } of fleet?.engines ?? []) {
      const engine = connectEngine(parseEngineUrl(url, { tls: { ca: tls.ca, cert, key } }));
      onTestFinished(() => engine.close());
      await expect(engine.ping()).rejects.toMatchObject({ kind: "rejected", sent: false, timedOut: false });
    }
  });
});

async function strangersCertificate(): Promise<TlsClient> {
  const folder = await mkdtemp(join(tmpdir(), "berth-stranger-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await createAuthority(folder);
  return issueClientCertificate(folder);
}
