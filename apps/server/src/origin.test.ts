import { expect, test } from "vitest";
import { isSameOrigin, mayUseCookie, type Provenance } from "./origin.ts";

const request = (origin: string | undefined, change: Partial<Provenance> = {}): Provenance => ({
  headers: origin === undefined ? {} : { origin },
  host: "berth.lab:3000",
  method: "POST",
  protocol: "http",
  ...change,
});

test.each<[origin: string | undefined, host: string, protocol: string, isSame: boolean]>([
  ["http://berth.lab:3000", "berth.lab:3000", "http", true],
  ["http://BERTH.lab:3000", "berth.LAB:3000", "http", true],
  ["http://berth.lab:3001", "berth.lab:3000", "http", false],
  ["http://berth.lab", "berth.lab:3000", "http", false],
  ["http://evil.lab:3000", "berth.lab:3000", "http", false],
  ["http://berth.lab.evil.lab:3000", "berth.lab:3000", "http", false],
  ["http://sub.berth.lab:3000", "berth.lab:3000", "http", false],
  ["http://[::1]:3000", "[::1]:3000", "http", true],
  ["http://127.0.0.1:3000", "localhost:3000", "http", false],
  ["http://berth.lab", "berth.lab", "http", true],
  ["http://berth.lab", "berth.lab:80", "http", true],
  ["https://berth.lab", "berth.lab", "https", true],
  ["https://berth.lab", "berth.lab:443", "https", true],
  ["https://berth.lab", "berth.lab:443", "wss", true],
  ["http://berth.lab", "berth.lab", "https", false],
  ["http://berth.lab:3000", "berth.lab:3000", "https", false],
  // A proxy ends TLS, and nobody told us.
  ["https://berth.lab", "berth.lab", "http", true],
  ["https://berth.lab", "berth.lab:80", "http", false],
  ["null", "berth.lab:3000", "http", false],
  ["", "berth.lab:3000", "http", false],
  ["chrome-extension://berth.lab:3000", "berth.lab:3000", "http", false],
  ["http://berth.lab:3000, http://evil.lab", "berth.lab:3000", "http", false],
  ["http://evil.lab", "", "http", false],
  [undefined, "berth.lab:3000", "http", false],
])("a page of %j is ours at %j over %s: %j", (origin, host, protocol, isSame) => {
  expect(isSameOrigin(request(origin, { host, protocol }))).toBe(isSame);
});

test.each<[method: string, origin: string | undefined, site: string | undefined, may: boolean]>([
  ["POST", "http://berth.lab:3000", undefined, true],
  ["POST", "http://berth.lab:3001", undefined, false],
  ["POST", "null", undefined, false],
  ["POST", undefined, undefined, false],
  ["POST", undefined, "same-origin", false],
  ["GET", "http://berth.lab:3000", undefined, true],
  ["GET", "http://berth.lab:3001", "same-site", false],
  ["GET", undefined, undefined, true],
  ["GET", undefined, "same-origin", true],
  ["GET", undefined, "none", true],
  ["GET", undefined, "same-site", false],
  ["GET", undefined, "cross-site", false],
])("a %s from %j (%j) may use the session cookie: %j", (method, origin, site, may) => {
  const { headers } = request(origin);
  expect(mayUseCookie(request(origin, { method, headers: { ...headers, "sec-fetch-site": site } }))).toBe(may);
});
