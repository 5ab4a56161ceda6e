import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { isFromThisMachine } from "./loopback.ts";

test.each<[peer: string | undefined, headers: Record<string, string>, isLocal: boolean]>([
  ["127.0.0.1", {}, true],
  ["127.8.0.1", {}, true],
  ["::1", {}, true],
  ["::ffff:127.0.0.1", {}, true],
  ["10.0.0.5", {}, false],
  ["::ffff:10.0.0.5", {}, false],
  [undefined, {}, false],
  ["127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, true],
  ["127.0.0.1", { "x-forwarded-for": "203.0.113.7" }, false],
  ["127.0.0.1", { "x-forwarded-for": "127.0.0.1, 203.0.113.7" }, false],
  ["10.0.0.5", { "x-forwarded-for": "127.0.0.1" }, false],
  ["127.0.0.1", { "x-forwarded-for": "localhost" }, false],
  ["127.0.0.1", { "x-forwarded-for": "" }, false],
  ["127.0.0.1", { "x-real-ip": "203.0.113.7" }, false],
  ["127.0.0.1", { forwarded: "for=203.0.113.7" }, false],
  ["127.0.0.1", { host: "localhost:3000" }, true],
  ["127.0.0.1", { host: "127.0.0.1:3000" }, true],
  ["::1", { host: "[::1]:3000" }, true],
  ["127.0.0.1", { host: "led-here.test:3000" }, false],
  ["127.0.0.1", { host: "127.0.0.1.led-here.test" }, false],
  ["127.0.0.1", { host: "" }, false],
])("from %j with %j: this machine %j", (remoteAddress, headers, isLocal) => {
  const raw = { socket: { remoteAddress } } as FastifyRequest["raw"];
  expect(isFromThisMachine({ raw, headers })).toBe(isLocal);
});
