import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { childEnvironment, readEnvironment, VARIABLE_NAMES } from "./env.ts";

function faultsOf(variables: Record<string, string>): string[] {
  try {
    readEnvironment(variables);
  } catch (error) {
    return (error as Error).message.split("\n");
  }
  return [];
}

test("needs nothing: every variable has a default or may be absent", () => {
  expect(readEnvironment({})).toEqual({
    BERTH_HOST: "127.0.0.1",
    BERTH_PORT: 3000,
    BERTH_SSH_PORT: 2222,
    BERTH_TRUST_PROXY: false,
    BERTH_PROBE: "on",
    BERTH_DATA_DIR: resolve(".berth"),
    BERTH_LOG_LEVEL: "info",
    BERTH_REGISTRY_LISTEN: "127.0.0.1:5000",
    BERTH_REGISTRY_TLS: "on",
    BERTH_REGISTRY_GC: "37 3 * * *",
  });
});

test("takes an empty variable for an absent one", () => {
  expect(readEnvironment({ BERTH_PORT: "", DATABASE_URL: "" })).toEqual(readEnvironment({}));
});

test("tells all faults at once, a line for each, and repeats no value", () => {
  const faults = faultsOf({
    BERTH_HOST: "my host",
    BERTH_PORT: "70000",
    BERTH_SSH_PORT: "none",
    BERTH_PROBE: "perhaps",
    BERTH_PUBLIC_URL: "berth.lab",
    BERTH_SECRET_KEY: "hunter2",
    DATABASE_URL: "mysql://root:hunter2@db/berth",
    BERTH_ADMIN_ACCOUNT: "Admin!",
    BERTH_ADMIN_PASSWORD: "hunter2",
    BERTH_LOCAL_ENGINE: "10.0.0.5:2375",
    BERTH_SIMULATE: "many",
    BERTH_LOG_LEVEL: "loud",
    BERTH_TRUST_PROXY: "my proxy",
  });
  expect(faults.map((line) => line.split(" ", 1)[0])).toEqual(
    expect.arrayContaining([
      "BERTH_HOST",
      "BERTH_PORT",
      "BERTH_SSH_PORT",
      "BERTH_PROBE",
      "BERTH_PUBLIC_URL",
      "BERTH_SECRET_KEY",
      "DATABASE_URL",
      "BERTH_ADMIN_ACCOUNT",
      "BERTH_ADMIN_PASSWORD",
      "BERTH_LOCAL_ENGINE",
      "BERTH_SIMULATE",
      "BERTH_LOG_LEVEL",
      "BERTH_TRUST_PROXY",
    ]),
  );
  expect(faults.join()).not.toContain("hunter2");
});

test.each(["0", "3000.5", "0x50", "-1", "65536", " 80"])("refuses the port %j", (port) => {
  expect(faultsOf({ BERTH_PORT: port })).toEqual(["BERTH_PORT must be a whole number from 1 to 65535"]);
});

test.each(["65536", "70000", "-1", "ssh", "22 "])("refuses the ssh port %j", (port) => {
  expect(faultsOf({ BERTH_SSH_PORT: port })).toEqual(["BERTH_SSH_PORT must be a port, or off"]);
});

test("wants a certificate and its key together, and passes on where they are", () => {
  expect(faultsOf({ BERTH_TLS_CERT: "cert.pem" })).toEqual(["BERTH_TLS_KEY must be set where BERTH_TLS_CERT is"]);
  expect(faultsOf({ BERTH_TLS_KEY: "key.pem" })).toEqual(["BERTH_TLS_CERT must be set where BERTH_TLS_KEY is"]);
  const variables = { BERTH_TLS_CERT: "cert.pem", BERTH_TLS_KEY: "/etc/key.pem", BERTH_TRUST_PROXY: "10.0.0.1" };
  const resolved = { databaseUrl: "postgresql://h/d", secretKey: "k".repeat(32) };
  expect(childEnvironment(variables, readEnvironment(variables), resolved)).toMatchObject({
    BERTH_TLS_CERT: resolve("cert.pem"),
    BERTH_TLS_KEY: "/etc/key.pem",
    BERTH_TRUST_PROXY: "10.0.0.1",
  });
});

test.each<[Record<string, string>, string]>([
  [{ BERTH_REGISTRY: "registry.lab" }, "BERTH_REGISTRY host:port, such as 10.0.0.1:5000."],
  [{ BERTH_REGISTRY_LISTEN: "127.0.0.1:0" }, "BERTH_REGISTRY_LISTEN must end in a port from 1 to 65535"],
  [{ BERTH_REGISTRY_LISTEN: "127.0.0.1:3000" }, "BERTH_REGISTRY_LISTEN must have another port than BERTH_PORT"],
  [
    { BERTH_REGISTRY_LISTEN: "0.0.0.0:5000" },
    "BERTH_REGISTRY_PUBLIC must be the address by which the machines reach the registry, such as 10.0.0.1:5000",
  ],
  [{ BERTH_REGISTRY_TLS: "maybe" }, "BERTH_REGISTRY_TLS must be on or off"],
  [{ BERTH_REGISTRY_TLS_CERT: "c.pem" }, "BERTH_REGISTRY_TLS_KEY must be set where BERTH_REGISTRY_TLS_CERT is"],
  [{ BERTH_REGISTRY_GC: "nightly" }, "BERTH_REGISTRY_GC must be a cron expression, such as 37 3 * * *"],
])("of the registry, refuses %j", (variables, fault) => {
  expect(faultsOf(variables)).toEqual([fault]);
});

test.each<Record<string, string>>([
  { BERTH_REGISTRY: "registry.lab:443" },
  { BERTH_REGISTRY_LISTEN: "0.0.0.0:5000", BERTH_REGISTRY_PUBLIC: "10.0.0.1:5000" },
  { BERTH_REGISTRY_LISTEN: "[::1]:5000", BERTH_REGISTRY_TLS: "off", BERTH_REGISTRY_GC: "0 4 * * 0" },
])("of the registry, takes %j", (variables) => {
  expect(readEnvironment(variables)).toMatchObject(variables);
});

test.each(["off", "unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"])("takes the engine %j", (engine) => {
  expect(readEnvironment({ BERTH_LOCAL_ENGINE: engine }).BERTH_LOCAL_ENGINE).toBe(engine);
});

test("keeps the first admin's password from the processes that it starts", () => {
  const variables = { PATH: "/bin", BERTH_ADMIN_PASSWORD: "long enough", BERTH_PORT: "4000" };
  const resolved = { databaseUrl: "postgresql://h/d", secretKey: "k".repeat(32) };
  const env = childEnvironment(variables, readEnvironment(variables), resolved);
  expect(env).toMatchObject({ PATH: "/bin", BERTH_PORT: "4000", DATABASE_URL: "postgresql://h/d" });
  expect(env).not.toHaveProperty("BERTH_ADMIN_PASSWORD");
});

test.each(["README.md", "README.zh-CN.md"])("%s has a line for every variable, and none for another", async (file) => {
  const text = await readFile(new URL(`../../../${file}`, import.meta.url), "utf8");
  const names = text.split("\n").flatMap((line) => {
    const [, cell = ""] = /^\| (`[A-Z_]+`.*?) \|/.exec(line) ?? [];
    return [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name);
  });
  expect(new Set(names)).toEqual(new Set(VARIABLE_NAMES));
});
