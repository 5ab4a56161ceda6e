import type { Db } from "@berth/db/client.ts";
import { createSecretBox } from "@berth/db/secret-box.ts";
import type { Engine, EngineAddress } from "@berth/docker/engine.ts";
import { expect, test } from "vitest";
import { createEnginePool } from "./engine-pool.ts";
import { sealTls } from "./seal-tls.ts";

const box = createSecretBox("a secret of tests");
const pem = (kind: string, body: string): string =>
  `-----BEGIN ${kind}-----\n${body.padEnd(64, "=")}\n-----END ${kind}-----\n`;
const tlsWith = (cert: string) =>
  sealTls(box, { ca: pem("CERTIFICATE", "ca"), cert: pem("CERTIFICATE", cert), key: pem("PRIVATE KEY", "key") });

const ROW = {
  url: "tcp://gpu-1:2375",
  tls: null as Uint8Array | null,
  allow_insecure: true,
  ssh_host_key: null as string | null,
  generation: 1,
  created_at: new Date("2026-01-01T00:00:00Z"),
};
type Row = typeof ROW;

const KEY = Buffer.from(
  box.seal(JSON.stringify({ private_key: "a private key", public_key: "a public key" }), "settings.engine_ssh_key"),
).toString("base64");

/** A pool over one machine, whose row is read as `state` says at the moment. */
function openPool() {
  const made: { address: EngineAddress; isClosed: boolean }[] = [];
  const state: { read: () => Promise<Row | null> } = { read: async () => ROW };
  const pool = createEnginePool({
    db: { machines: { findUnique: () => state.read() } } as unknown as Db,
    // Where the key for ssh is kept.
    sql: async () => [{ value: KEY }] as never,
    box,
    connectEngine(address) {
      const entry = { address, isClosed: false };
      made.push(entry);
      return { close: () => (entry.isClosed = true) } as unknown as Engine;
    },
  });
  const engineOf = (row: Row | null): Promise<Engine> => {
    state.read = async () => row;
    return pool.engineOf("gpu-1");
  };
  return { pool, made, state, engineOf };
}

test("keeps a machine's connection, and what is open on it, through any change that leaves its address alone", async () => {
  const { made, engineOf } = openPool();
  const tls = tlsWith("cert");
  const first = await engineOf({ ...ROW, url: "tcp://gpu-1:2376", tls });
  const same = { ...ROW, url: "tcp://gpu-1:2376", tls: Uint8Array.from(tls!) };
  for (const generation of [2, 3]) expect(await engineOf({ ...same, generation })).toBe(first);
  expect(made).toMatchObject([{ isClosed: false }]);
});

test.each([
  ["another address", { url: "tcp://gpu-2:2375" }],
  ["another key of its server", { url: "ssh://root@gpu-1", ssh_host_key: "SHA256:another" }],
  ["other certificates", { tls: tlsWith("new cert") }],
])("connects anew where a machine has %s, and lets what is open end by itself", async (_what, change) => {
  const { pool, made, engineOf } = openPool();
  const first = await engineOf(ROW);
  const second = await engineOf({ ...ROW, ...change, generation: 2 });
  expect(second).not.toBe(first);
  expect(await engineOf({ ...ROW, ...change, generation: 2 })).toBe(second);
  expect(made).toMatchObject([{ isClosed: false }, { isClosed: false }]);
  pool.close();
  expect(made).toMatchObject([{ isClosed: true }, { isClosed: true }]);
});

test("does not go back to an address that was read before it changed", async () => {
  const { pool, made, state, engineOf } = openPool();
  const { promise, resolve } = Promise.withResolvers<Row>();
  state.read = () => promise;
  const slow = pool.engineOf("gpu-1");
  const moved = await engineOf({ ...ROW, url: "tcp://gpu-2:2375", generation: 2 });
  resolve(ROW);
  expect(await slow).toBe(moved);
  expect(made).toHaveLength(1);
});

test("takes a machine that was removed and added again for another, though its generation begins anew", async () => {
  const { made, engineOf } = openPool();
  await engineOf({ ...ROW, generation: 7 });
  await engineOf({ ...ROW, url: "tcp://gpu-2:2375", created_at: new Date("2026-01-02T00:00:00Z") });
  expect(made.map(({ address }) => address)).toMatchObject([{ host: "gpu-1" }, { host: "gpu-2" }]);
});

test("closes the connection to a machine that was removed", async () => {
  const { made, engineOf } = openPool();
  await engineOf(ROW);
  await expect(engineOf(null)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(made).toMatchObject([{ isClosed: true }]);
});

test("reaches a server over ssh with Berth's own key, and the one that it showed when it was met", async () => {
  const { made, engineOf } = openPool();
  await engineOf({ ...ROW, url: "ssh://root@gpu-1", ssh_host_key: "SHA256:met", tls: tlsWith("of before") });
  expect(made).toMatchObject([
    {
      address: {
        kind: "ssh",
        user: "root",
        host: "gpu-1",
        port: 22,
        private_key: "a private key",
        host_key: "SHA256:met",
      },
    },
  ]);
});
