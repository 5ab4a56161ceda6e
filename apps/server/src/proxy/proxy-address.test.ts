import { hostname } from "node:os";
import { expect, test } from "vitest";
import { publicHostOf } from "../public-host.ts";
import { proxyAddressOf } from "./proxy-address.ts";

const urlOf = (told: Partial<Parameters<typeof proxyAddressOf>[0]>, isSecure = false) =>
  proxyAddressOf({ BERTH_HOST: "127.0.0.1", ...told }, { port: 3001, isSecure }).url;

test.each(["0.0.0.0", "::"])("a server that listens on %s is known by its name, by every door", (BERTH_HOST) => {
  expect(publicHostOf({ BERTH_HOST })).toBe(hostname());
  expect(urlOf({ BERTH_HOST })).toBe(`http://${hostname().toLowerCase()}:3001`);
});

test("pages are at the port of their own of where Berth is reached", () => {
  expect(urlOf({})).toBe("http://127.0.0.1:3001");
  expect(urlOf({ BERTH_HOST: "fd00::5" }, true)).toBe("https://[fd00::5]:3001");
  expect(urlOf({ BERTH_HOST: "0.0.0.0", BERTH_PUBLIC_URL: "https://berth.lab" })).toBe("https://berth.lab:3001");
  expect(urlOf({ BERTH_HOST: "0.0.0.0", BERTH_PROXY_URL: "https://pages.lab" })).toBe("https://pages.lab");
});
