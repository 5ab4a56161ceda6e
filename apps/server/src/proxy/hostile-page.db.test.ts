import type { AddressInfo } from "node:net";
import { hashAsClient } from "@berth/api/auth/password.ts";
import { asActor } from "@berth/api/testing/in-process-api.ts";
import { hasChromium, launchChromium } from "@berth/testbed/console/chromium.ts";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { buildApp } from "../build-app.ts";
import { createLog } from "../log.ts";
import { REACH_CONSOLE, REACH_OTHERS } from "./testing/hostile-scripts.ts";
import { openProxy, type OpenedProxy, type OwnedContainer } from "./testing/open-proxy.ts";

const PASSWORD = hashAsClient("correct horse");
/** `script` is text, for it runs in the page. */
const run = (page: Page, script: string, argument: unknown): Promise<Record<string, string>> =>
  page.evaluate(`(${script})(${JSON.stringify(argument)})`);
const SECRET = "what only alice may see";

/** What a program in a container was asked, by whose page it says itself. */
interface Heard {
  url: string;
  cookie: string;
}

interface Stage extends OpenedProxy {
  main: string;
  eve: OwnedContainer;
  alice: OwnedContainer;
  heardByEve: Heard[];
  heardByAlice: Heard[];
  page: Page;
  /** As the admin, who is signed in to the console in the same browser. */
  open(container: OwnedContainer): Promise<void>;
}

describe.skipIf(!hasChromium())("a hostile page that an admin opens", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** An admin who is signed in, and has opened alice's page and then eve's, in one browser. */
  async function setStage(domain: string | null, host?: string): Promise<Stage> {
    const opened = await openProxy(domain, host === undefined ? {} : { host });
    const { api } = opened;
    const app = await buildApp({ services: api.services, log: createLog("silent") });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const main = `http://${host === undefined ? "127.0.0.1" : "localhost"}:${(app.server.address() as AddressInfo).port}`;
    await app.inject({ method: "POST", url: "/api/auth/register", payload: { account: "rosa", password: PASSWORD } });
    await api.services.sql("UPDATE users SET role = 'admin' WHERE account = 'rosa'");
    const [row] = await api.services.sql<{ user_id: number; token_epoch: number }>(
      "SELECT user_id, token_epoch FROM users WHERE account = 'rosa'",
    );
    const actor = asActor({ user_id: row!.user_id, account: "rosa", role: "admin" });
    const credential = { kind: "access_token", token_epoch: row!.token_epoch, expires_at: new Date(8e14) } as const;
    const admin = api.callerFor({ ...actor, credential });

    const heardByEve: Heard[] = [];
    const heardByAlice: Heard[] = [];
    const hear = (heard: Heard[], url = "", cookie = "") => void heard.push({ url, cookie });
    const eve = await opened.addContainer("eve", "evil", (request, response) => {
      hear(heardByEve, request.url, request.headers.cookie);
      if (request.url?.startsWith("/to/")) {
        return response.writeHead(302, { location: decodeURIComponent(request.url.slice(4)) }).end();
      }
      const isScript = request.url?.endsWith(".js");
      response.writeHead(200, {
        "content-type": isScript ? "text/javascript" : "text/html",
        "content-security-policy": "default-src * 'unsafe-inline' 'unsafe-eval' data: blob:",
        "access-control-allow-origin": "*",
        "service-worker-allowed": "/",
      });
      return response.end(isScript ? "" : "<!doctype html><title>eve</title>");
    });
    const alice = await opened.addContainer("alice", "train", (request, response) => {
      hear(heardByAlice, request.url, request.headers.cookie);
      response.writeHead(200, { "content-type": "text/html", "set-cookie": "of_alice=1; HttpOnly" });
      response.end(`<!doctype html><title>alice</title><p id="secret">${SECRET}</p>`);
    });
    const sockets = new WebSocketServer({ server: alice.server });
    sockets.on("connection", (_, request) => hear(heardByAlice, `socket ${request.url}`, request.headers.cookie));

    const context = await browser.newContext();
    onTestFinished(async () => {
      await context.close();
      await app.close();
    });
    const page = await context.newPage();
    await page.goto(`${main}/healthz`);
    const signedIn = await page.evaluate(
      async (password) =>
        (
          await fetch("/api/auth/login", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ account: "rosa", password }),
          })
        ).status,
      PASSWORD,
    );
    expect(signedIn).toBe(200);
    expect((await context.cookies(`${main}/api/auth/refresh`)).map(({ name }) => name)).toContain("berth_refresh");
    const open = async ({ container_id }: OwnedContainer): Promise<void> => {
      const { url } = await admin.container.open({ container_id, port: "web" });
      await page.goto(url);
    };
    await open(alice);
    expect(await page.textContent("#secret")).toBe(SECRET);
    await open(eve);
    expect(await page.title()).toBe("eve");
    heardByAlice.splice(0);
    return { ...opened, main, eve, alice, heardByEve, heardByAlice, page, open };
  }

  for (const [form, domain, host] of [
    ["on the origin that containers share", null, undefined],
    ["on an origin of its own", "localhost", "localhost"],
  ] as const) {
    test(`has nothing of the console's, ${form}`, async () => {
      const { main, page, api, heardByEve } = await setStage(domain, host);
      const before = await api.services.sql("SELECT session_id, counter FROM sessions ORDER BY 1");
      const outcome = await run(page, REACH_CONSOLE, main);
      expect(outcome).toEqual({
        read: "refused",
        refresh: "refused",
        blind: "refused",
        logout: "refused",
        // Without a token in its first message nobody has a socket, and a page of another origin not even with one.
        socket: expect.stringMatching(/^refused$|UNAUTHORIZED/),
        cookies: "",
      });
      expect(await api.services.sql("SELECT session_id, counter FROM sessions ORDER BY 1")).toEqual(before);
      expect(heardByEve.length).toBeGreaterThan(0);
      expect(heardByEve.filter(({ cookie }) => /berth/.test(cookie))).toEqual([]);
    });

    test(`reaches no page of another container, ${form}`, async () => {
      const { url, alice, page, heardByAlice } = await setStage(domain, host);
      const { port } = new URL(url);
      const target = domain === null ? alice.path : `http://web--train--alice.localhost:${port}/`;
      const outcome = await run(page, REACH_OTHERS, { target, isShared: domain === null, secret: SECRET });
      for (const [way, said] of Object.entries(outcome)) expect(`${way}: ${said}`).toBe(`${way}: refused`);
      // A popup on another origin may be opened as any link; nothing of it can be read.
      const asked = heardByAlice.filter(({ url: at }) => domain === null || !["/", "/favicon.ico"].includes(at));
      expect(asked).toEqual([]);
    });
  }
});
