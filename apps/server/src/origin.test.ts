import { expect, test } from "vitest";
import { isSameOrigin, type Provenance } from "./origin.ts";

const request = (origin: string | undefined, change: Partial<Provenance> = {}): Provenance => ({
  headers: origin === undefined ? {} : { origin },
  host: "berth.lab:3000",
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
