import { request } from "node:https";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { IncomingMessage } from "node:http";
import { REGISTRY_BINARY } from "@berth/testbed/registry/own-registry.ts";
import { issueServerCertificate, makeAuthority } from "@berth/docker/certificates/authority.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { splitAddress } from "./addresses.ts";
import { makePlace, type Place, startKeeper, waitForState } from "./testing/keeper.fixture.ts";

const OWN_ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
const database = useTestDatabase();
let place: Place;
beforeEach(async () => {
  place = await makePlace(database);
  await database.sql("DELETE FROM settings");
});

/** As a machine that reaches it by `name`, and believes `ca` alone. */
async function askAs(name: string, ca: string | undefined): Promise<number | undefined> {
  const { host, port } = splitAddress(place.address);
  const sent = request({ host, port, path: "/v2/", servername: name, ...(ca !== undefined && { ca }), agent: false });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  sent.end();
  const [response] = await answered;
  response.resume();
  return response.statusCode;
}

describe.skipIf(REGISTRY_BINARY === null)("a registry that other hosts reach", () => {
  test("has a certificate of the installation's authority, which its record tells", async () => {
    startKeeper(place, { BERTH_REGISTRY_PUBLIC: "registry.lab:5000" });
    const record = await waitForState(place, "running");
    expect(record).toMatchObject({ address: "registry.lab:5000", url: `https://${place.address}` });
    expect(await askAs("registry.lab", record.ca!)).toBe(401);
    await expect(askAs("registry.lab", undefined)).rejects.toThrow("unable to verify");
    await expect(askAs("another.lab", record.ca!)).rejects.toThrow("altnames");
  });

  test.skipIf(OWN_ADDRESS === undefined)("tells every process the address that the machines use", async () => {
    const { port } = splitAddress(place.address);
    const address = `${OWN_ADDRESS}:${port}`;
    startKeeper(place, { BERTH_REGISTRY_LISTEN: `0.0.0.0:${port}`, BERTH_REGISTRY_PUBLIC: address });
    expect(await waitForState(place, "running")).toMatchObject({ address, url: `https://${address}` });
  });

  test("uses the certificate that it is given, and is plain where it is told to", async () => {
    const authority = await makeAuthority("a lab's own");
    const { certificate, key } = await issueServerCertificate(authority, { hosts: ["registry.lab"], days: 1 });
    const [certFile, keyFile] = [join(place.dataDir, "cert.pem"), join(place.dataDir, "key.pem")];
    await writeFile(certFile, certificate);
    await writeFile(keyFile, key);
    const own = startKeeper(place, {
      BERTH_REGISTRY_PUBLIC: "registry.lab:5000",
      BERTH_REGISTRY_TLS_CERT: certFile,
      BERTH_REGISTRY_TLS_KEY: keyFile,
    });
    expect(await waitForState(place, "running")).toMatchObject({ ca: null });
    expect(await askAs("registry.lab", authority.certificate)).toBe(401);
    own.process.kill("SIGTERM");
    await own.exit;
    startKeeper(place, { BERTH_REGISTRY_PUBLIC: "registry.lab:5000", BERTH_REGISTRY_TLS: "off" });
    const record = await waitForState(place, "running");
    expect(record).toMatchObject({ url: `http://${place.address}`, ca: null });
    expect((await fetch(`${record.url}/v2/`)).status).toBe(401);
  });
});
