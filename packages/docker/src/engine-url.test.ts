import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineUrlError, parseEngineUrl } from "./engine-url.ts";

const tls = {
  ca: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
  cert: "-----BEGIN CERTIFICATE-----\ny\n-----END CERTIFICATE-----\n",
  key: "-----BEGIN EC PRIVATE KEY-----\nz\n-----END EC PRIVATE KEY-----\n",
};

test("reads a socket's URL", () => {
  expect(parseEngineUrl("unix:///var/run/docker.sock")).toEqual({ kind: "unix", path: "/var/run/docker.sock" });
  expect(parseEngineUrl("unix:///run/my docker.sock")).toEqual({ kind: "unix", path: "/run/my docker.sock" });
});

test.each([
  ["tcp://10.0.0.5:2376", "10.0.0.5", 2376],
  ["tcp://10.0.0.5", "10.0.0.5", 2376],
  ["https://gpu-1.lab:443", "gpu-1.lab", 443],
  ["https://gpu-1.lab/", "gpu-1.lab", 2376],
  ["tcp://[fd00::5]:4000", "fd00::5", 4000],
  [" tcp://10.0.0.5:2376\n", "10.0.0.5", 2376],
])("reads %s as TLS where certificates are given", (url, host, port) => {
  expect(parseEngineUrl(url, { tls })).toEqual({ kind: "tls", host, port, tls });
});

test.each([
  ["tcp://10.0.0.5", 2375],
  ["tcp://10.0.0.5:4000", 4000],
  ["http://10.0.0.5:80", 80],
])("reads %s as plain only where that is allowed", (url, port) => {
  expect(parseEngineUrl(url, { allow_insecure: true })).toEqual({ kind: "plain", host: "10.0.0.5", port });
  expect(() => parseEngineUrl(url)).toThrow(/root on the machine/);
});

test.each([
  ["", {}, /write unix:/],
  ["10.0.0.5:2376", { tls }, /write unix:/],
  ["gpu-1:2376", { tls }, /write unix:/],
  ["ssh://root@gpu-1", { tls }, /no certificates/],
  ["ssh://gpu-1", {}, /as whom/],
  ["ssh://-o@gpu-1", {}, /as whom/],
  ["ssh://root:secret@gpu-1", {}, /as whom/],
  ["ssh://root@gpu-1", {}, /not possible here/],
  ["npipe:////./pipe/docker_engine", {}, /npipe/],
  ["unix://var/run/docker.sock", {}, /three slashes/],
  ["unix:///", {}, /three slashes/],
  ["tcp://", { tls }, /host is missing/],
  ["tcp://10.0.0.5:2376/v1.41", { tls }, /ends after its port/],
  ["https://10.0.0.5?x=1", { tls }, /ends after its port/],
  ["https://10.0.0.5", {}, /three PEM files/],
  ["http://10.0.0.5", { tls, allow_insecure: true }, /https:/],
  ["tcp://10.0.0.5:99999", { tls }, /write unix:/],
  ["tcp://10.0.0.5", { tls: { ...tls, key: tls.cert } }, /key\.pem/],
  ["tcp://10.0.0.5", { tls: { ...tls, ca: "" } }, /ca\.pem/],
  ["tcp://10.0.0.5", { tls: { ...tls, key: tls.key.replaceAll("EC PRIVATE", "ENCRYPTED PRIVATE") } }, /decrypt/],
])("says what is wrong with %j", (url, options, message) => {
  expect(() => parseEngineUrl(url, options)).toThrow(EngineUrlError);
  expect(() => parseEngineUrl(url, options)).toThrow(message);
});

test("never repeats a password", () => {
  const attempt = () => parseEngineUrl("https://admin:hunter2@10.0.0.5:2376", { tls });
  expect(attempt).toThrow(EngineUrlError);
  expect(attempt).not.toThrow(/hunter2/);
});

test("throws nothing but its own error, whatever it is given", () => {
  const url = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `unix://${rest}`),
    fc.string().map((rest) => `tcp://${rest}`),
  );
  fc.assert(
    fc.property(url, fc.boolean(), (text, allow_insecure) => {
      try {
        parseEngineUrl(text, { allow_insecure });
      } catch (error) {
        expect(error).toBeInstanceOf(EngineUrlError);
      }
    }),
    { numRuns: 500 },
  );
});
