import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { createAuthority, issueClientCertificate, type TlsClient } from "../fleet/certificates.ts";
import type {} from "../fleet/global-setup.ts"; // declares what is injected
import { describeEngineContract } from "./engine-contract.ts";
import { rawRequests } from "./raw-requests.ts";

const fleet = inject("fleet");

describe.skipIf(fleet === null)("real engines", () => {
  for (const { name, url, tls } of fleet?.engines ?? []) {
    const address = parseEngineUrl(url, { tls });
    describeEngineContract(name, async () => ({
      engine: connectEngine(address),
      image: "berth-test/busybox:latest",
      pullable: `${fleet?.registry.address}/berth-test/busybox:derived`,
      raw: rawRequests(address),
    }));
  }

  for (const { name, socket_path } of fleet?.engines.slice(0, 1) ?? []) {
    const address = { kind: "unix", path: socket_path } as const;
    describeEngineContract(`${name}, over its socket`, async () => ({
      engine: connectEngine(address),
      image: "berth-test/busybox:latest",
    }));
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
