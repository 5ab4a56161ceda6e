import { en } from "@berth/web/locales/en.ts";
import { zh } from "@berth/web/locales/zh.ts";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Berth, startBerth } from "./berth.ts";
import { ADMIN } from "./api-server.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";

const PASSWORD = "somebody's own password";
vi.setConfig({ testTimeout: 180_000 });

/** The built console in a real browser, on a simulated machine. */
describe.skipIf(!hasChromium())("the console", () => {
  let berth: Berth;
  let engine: ScenarioEngine;
  let browser: Browser;
  beforeAll(async () => {
    [berth, engine, browser] = await Promise.all([
      startBerth(),
      startScenarioSimulation("simulated"),
      launchChromium(),
    ]);
    await berth.admin.machine.add.mutate({ ...engine.endpoint, allow_insecure: true, name: "gpu-1" });
    await berth.admin.image.add.mutate({ name: "public/busybox:1", reference: "berth-test/busybox:latest" });
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  /** A page of somebody's own browser, and what its console was told of. */
  async function openPage(
    locale: string,
    width = 1_280,
  ): Promise<{ page: Page; context: BrowserContext; told: string[] }> {
    const context = await browser.newContext({ locale, baseURL: berth.server.url, viewport: { width, height: 900 } });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const told: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") told.push(message.text());
    });
    page.on("pageerror", (error) => told.push(String(error)));
    return { page, context, told };
  }

  async function signIn(page: Page, { account, password }: { account: string; password: string }): Promise<void> {
    await page.goto("/login");
    await page.locator("#account").fill(account);
    await page.locator("#password").fill(password);
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
  }

  test.each([
    ["zh-CN", zh, 1_280],
    ["en-GB", en, 390],
  ])("in %s, from registration to a terminal, and to the end of the container", async (locale, texts, width) => {
    const { page, told } = await openPage(locale, width);
    const account = `li-${locale.toLowerCase()}`;
    await page.goto("/register");
    await page.getByLabel(texts.auth.account, { exact: true }).fill(account);
    await page.getByLabel(texts.auth.password, { exact: true }).fill(PASSWORD);
    await page.getByLabel(texts.auth.repeat).fill(PASSWORD);
    await page.getByRole("button", { name: texts.auth.register }).click();
    await page.getByRole("heading", { name: "gpu-1" }).waitFor();

    // A free GPU is a click away from a container.
    await page.getByRole("link", { name: `${texts.board.take}: gpu-1 GPU 0` }).click();
    await page.getByLabel(texts.containers.new_image, { exact: true }).click();
    await page.getByText("public/busybox:1").last().click();
    await page.getByLabel(texts.containers.new_name, { exact: true }).fill("job");
    await page.getByRole("button", { name: texts.containers.new_submit }).click();
    await page.getByRole("heading", { name: "job" }).waitFor();
    await page.getByText(texts.containers.phase.Running).first().waitFor();
    const [container] = (await berth.admin.container.list.query({ scope: "all" })).items;
    expect(container).toMatchObject({ name: "job", account, gpus: [{ index: expect.any(Number) }] });

    await page.getByRole("tab", { name: texts.containers.tabs.terminal }).click();
    await page.locator(".xterm-helper-textarea").waitFor();
    await page.getByText("/ #").first().waitFor();
    await page.keyboard.type("echo typed\n");
    await page.getByText("typed", { exact: true }).first().waitFor();

    await page.getByRole("button", { name: texts.containers.stop }).click();
    await page.getByText(texts.containers.phase.Stopped).first().waitFor();
    await page.getByRole("button", { name: texts.containers.remove }).click();
    await page.getByRole("dialog").getByRole("button", { name: texts.containers.remove }).click();
    await vi.waitFor(async () => {
      expect((await berth.admin.container.list.query({ scope: "all" })).items).toEqual([]);
    }, 20_000);
    expect(told).toEqual([]);
  });

  test("the board says of no machine that it does not match before any is known", async () => {
    const { page } = await openPage("en-GB");
    await page.addInitScript(`
      const look = () => {
        if (document.body?.textContent.includes(${JSON.stringify(en.board.no_match_title)})) window.wasWrong = true;
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true });
    `);
    await signIn(page, ADMIN);
    await page.getByRole("heading", { name: "gpu-1" }).waitFor();
    expect(await page.evaluate("window.wasWrong === true")).toBe(false);
    await page.getByRole("searchbox").fill("no such machine");
    await page.getByText(en.board.no_match_title).waitFor();
    expect(await page.evaluate("window.wasWrong")).toBe(true);
  });

  test("shows what has changed without being asked, and what is not there", async () => {
    const { page } = await openPage("en-GB");
    await signIn(page, ADMIN);
    await page.getByRole("link", { name: en.nav.containers }).click();
    await page.getByText(en.containers.empty_title).waitFor();
    const { machine_id } = (await berth.admin.machine.list.query({})).items[0]!;
    const wish = { name: "from-elsewhere", image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
    const { container_id } = await berth.admin.container.create.mutate(wish);
    await page.getByRole("link", { name: "from-elsewhere" }).waitFor();
    await page.getByRole("cell", { name: en.containers.phase.Running }).waitFor();
    await berth.admin.container.delete.mutate({ container_id });
    await page.getByText(en.containers.empty_title).waitFor();
    await page.goto("/containers/123456");
    await page.getByRole("alert").waitFor();
    await page.goto("/no/such/page");
    await page.getByText(en.failure.not_found, { exact: true }).waitFor();
  });

  test("a session that ends keeps what was typed, and goes on once one has signed in again", async () => {
    const { page } = await openPage("en-GB");
    const account = "wang";
    await berth.server.registerUser(account);
    const password = `${account}'s password`;
    await signIn(page, { account, password });
    await page.goto("/containers/new");
    await page.getByLabel(en.containers.new_name, { exact: true }).fill("half-typed");
    const { user_id } = await berth.admin.user.get_user.query({ account });
    await berth.query("UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = $1", [user_id]);
    await page.getByRole("dialog").getByLabel(en.auth.account).waitFor();
    await page.getByRole("dialog").getByLabel(en.auth.account).fill(account);
    await page.getByRole("dialog").getByLabel(en.auth.password).fill(password);
    await page.getByRole("dialog").getByRole("button", { name: en.auth.sign_in }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await page.getByLabel(en.containers.new_name, { exact: true }).inputValue()).toBe("half-typed");
  });

  test("says that the server is away, and recovers by itself", async () => {
    const { page, context } = await openPage("en-GB");
    await signIn(page, ADMIN);
    await page.getByRole("heading", { name: "gpu-1" }).waitFor();
    await context.setOffline(true);
    await page.getByText(en.connection.lost).waitFor();
    await context.setOffline(false);
    await page.getByText(en.connection.lost).waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "gpu-1" }).waitFor();
  });
});
