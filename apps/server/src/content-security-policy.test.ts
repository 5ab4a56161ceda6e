import { expect, test } from "vitest";
import { contentSecurityPolicy } from "./content-security-policy.ts";

const directives = (host: string, isHttps: boolean) => contentSecurityPolicy(host, isHttps).split("; ");

test("lets pages run and load nothing but ours, and reach our sockets by the scheme that they came by", () => {
  expect(directives("berth.lab:3000", false)).toEqual(
    expect.arrayContaining([
      "default-src 'self'",
      "script-src 'self'",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "connect-src 'self' ws://berth.lab:3000",
    ]),
  );
  expect(directives("berth.lab:3000", false)).not.toContain("upgrade-insecure-requests");
  expect(directives("[::1]:3000", true)).toEqual(
    expect.arrayContaining(["connect-src 'self' wss://[::1]:3000", "upgrade-insecure-requests"]),
  );
});

test.each(["berth.lab; script-src *", "berth.lab 'unsafe-inline'", "berth.lab,evil.lab", "*", ""])(
  "lets no caller write a directive into it by the host %j",
  (host) => {
    expect(directives(host, false).filter((one) => one.startsWith("connect-src"))).toEqual(["connect-src 'self'"]);
    expect(contentSecurityPolicy(host, false)).not.toContain("script-src *");
  },
);
