import type { RegistryRecord } from "@berth/spec/registry.ts";
import { startListener } from "@berth/testbed/rows/listener.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, onTestFinished, test } from "vitest";
import { createSecretBox } from "../secret-box.ts";
import { loadAuthority, loadEventsSecret, loadRegistryKeys } from "./keys.ts";
import { readRegistry, writeRegistry } from "./record.ts";

const database = useTestDatabase();
const box = createSecretBox("a secret of tests");

let made = 0;
const make = async () => ({ key: `key ${(made += 1)}`, certificate: "certificate" });

test("keys are made once, whoever asks and however many at once, and each for one use", async () => {
  const { sql } = database;
  const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => loadRegistryKeys(sql, box, make)));
  for (const other of others) expect(other).toEqual(first);
  expect(await loadRegistryKeys(sql, box, make)).toEqual(first);
  const authority = await loadAuthority(sql, box, make);
  expect(authority).not.toEqual(first);
  expect(await loadAuthority(sql, box, make)).toEqual(authority);
  const secret = await loadEventsSecret(sql, box);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await loadEventsSecret(sql, box)).toBe(secret);
});

test("keys are not readable in the database, and not with another secret key", async () => {
  const { sql } = database;
  const { key } = await loadRegistryKeys(sql, box, make);
  const rows = await sql<{ text: string }>("SELECT value::text AS text FROM settings");
  expect(rows.map(({ text }) => text).join()).not.toContain(key);
  await expect(loadRegistryKeys(sql, createSecretBox("another secret"), make)).rejects.toThrow();
});

test("where the registry is, is told to who listens", async () => {
  const { sql } = database;
  expect(await readRegistry(sql)).toBeNull();
  const listener = await startListener(database.url, ["berth_registry"]);
  onTestFinished(() => listener.close());
  const record: RegistryRecord = {
    kind: "external",
    state: "running",
    address: "10.0.0.1:5000",
    url: "https://10.0.0.1:5000",
    ca: null,
    message: "",
  };
  await writeRegistry(sql, record);
  await writeRegistry(sql, { ...record, state: "collecting" });
  await listener.caughtUp();
  expect(listener.heard).toEqual(["berth_registry ", "berth_registry "]);
  expect(await readRegistry(sql)).toEqual({ ...record, state: "collecting" });
});
