import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const REQUIRED = { DATABASE_URL: "postgresql://berth@127.0.0.1:5432/berth", BERTH_SECRET_KEY: "k".repeat(32) };

test("has a default for all that it can", () => {
  expect(readEnv(REQUIRED)).toEqual({
    ...REQUIRED,
    BERTH_HOST: "127.0.0.1",
    BERTH_PORT: 3000,
    BERTH_SSH_PORT: 2222,
    BERTH_LOG_LEVEL: "info",
    BERTH_TRUST_PROXY: false,
    BERTH_SUPERVISED: false,
  });
});

test("tells every fault at once, a line each, and repeats no value", () => {
  const faulty = { BERTH_PORT: "80000", DATABASE_URL: "mysql://root:s3cret@db/x", BERTH_SECRET_KEY: "sh0rt" };
  expect(() => readEnv(faulty)).toThrow(/BERTH_PORT: .*\nDATABASE_URL: .*\nBERTH_SECRET_KEY: .*/);
  expect(() => readEnv(faulty)).not.toThrow(/s3cret|sh0rt/);
});

test("takes an empty variable for one that is not there", () => {
  expect(readEnv({ ...REQUIRED, BERTH_PORT: "", BERTH_HOST: "" })).toMatchObject({ BERTH_PORT: 3000 });
  expect(() => readEnv({ ...REQUIRED, BERTH_SECRET_KEY: "" })).toThrow(
    "BERTH_SECRET_KEY: a long random text is needed",
  );
});

test("takes a port for ssh, or none", () => {
  expect(readEnv({ ...REQUIRED, BERTH_SSH_PORT: "0" })).toMatchObject({ BERTH_SSH_PORT: 0 });
  expect(readEnv({ ...REQUIRED, BERTH_SSH_PORT: "off" })).toMatchObject({ BERTH_SSH_PORT: null });
  expect(() => readEnv({ ...REQUIRED, BERTH_SSH_PORT: "66000" })).toThrow("BERTH_SSH_PORT: must be a port, or off");
});

test("reads which proxies are believed", () => {
  const read = (BERTH_TRUST_PROXY: string) => readEnv({ ...REQUIRED, BERTH_TRUST_PROXY }).BERTH_TRUST_PROXY;
  expect(read("true")).toBe(true);
  expect(read("10.0.0.1, 10.1.0.0/16")).toEqual(["10.0.0.1", "10.1.0.0/16"]);
  expect(() => read("my proxy")).toThrow("BERTH_TRUST_PROXY");
});

test("wants a certificate and its key together", () => {
  const cert = { ...REQUIRED, BERTH_TLS_CERT: "cert.pem" };
  expect(() => readEnv(cert)).toThrow("BERTH_TLS_KEY: must be set where BERTH_TLS_CERT is");
  expect(() => readEnv({ ...REQUIRED, BERTH_TLS_KEY: "key.pem" })).toThrow("BERTH_TLS_CERT: must be set where");
  expect(readEnv({ ...cert, BERTH_TLS_KEY: "key.pem" })).toMatchObject({ BERTH_TLS_KEY: "key.pem" });
});
