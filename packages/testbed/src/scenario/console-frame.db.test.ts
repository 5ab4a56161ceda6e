import { en } from "@berth/web/locales/en.ts";
import { zh } from "@berth/web/locales/zh.ts";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ADMIN, passwordOf } from "./api-server.ts";
import { type ConsoleStage, hasBrowser, openConsoleStage, signIn } from "./console-browser.ts";

/** What is everywhere in the console: keys, the navigation, tables, and the tabs of one browser. */
describe.skipIf(!hasBrowser)("the console's frame", () => {
  let stage: ConsoleStage;
  beforeAll(async () => {
    stage = await openConsoleStage();
    const { berth } = stage;
    const { machine_id } = (await berth.admin.machine.list.query({})).items[0]!;
    await berth.server.registerUser("li");
    for (const name of ["alpha", "beta"]) {
      const wish = { name, image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
      await berth.admin.container.create.mutate(wish);
    }
  });
  afterAll(() => stage?.close());

  const focused = (page: Page): Promise<string> =>
    page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.getAttribute('aria-label') ?? '')");

  test("the palette opens by keys, finds a container, and goes there; the new page has the focus and names the tab", async () => {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: en.palette.open }).waitFor();
    await page.keyboard.type("beta");
    await page.getByRole("option", { name: "beta" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "beta", level: 1 }).waitFor();
    expect(await page.title()).toBe(`beta · ${en.app.name}`);
    await vi.waitFor(async () => expect(await focused(page)).toMatch(/^(H1|MAIN) /));
    await page.keyboard.press("Control+k");
    await page.keyboard.type(en.palette.keys);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: en.palette.keys }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await focused(page)).toMatch(/^(H1|MAIN) /);
  });

  test("a part whose code does not come says so in its place, and comes when it is asked for again", async () => {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    await page.goto("/containers");
    await page.getByRole("link", { name: "alpha" }).waitFor();
    const code = /\/assets\/(command-palette|container-dialogs|terminal-view|storages-page)-.*\.js/;
    await page.route(code, (route) => route.abort());
    const failure = page.getByRole("alert").getByText(en.failure.not_loaded);
    const retry = page.getByRole("button", { name: en.failure.retry });

    // Dialogs: the page beneath stays.
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: en.failure.dialog }).getByText(en.failure.not_loaded).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: `${en.common.more}: alpha` }).click();
    await page.getByRole("menuitem", { name: en.containers.remove }).click();
    await failure.waitFor();
    await page.getByRole("button", { name: en.common.close, exact: true }).click();
    await failure.waitFor({ state: "hidden" });

    // A tab of a page, and a page.
    await page.getByRole("link", { name: "alpha" }).click();
    await page.getByRole("tab", { name: en.containers.tabs.terminal }).click();
    await failure.waitFor();
    await page.getByRole("heading", { name: "alpha", level: 1 }).waitFor();
    await page.unroute(code);
    await retry.click();
    await page.locator(".xterm-helper-textarea").waitFor();
    await page.route(code, (route) => route.abort());
    await page.getByRole("link", { name: en.nav.storages }).click();
    await failure.waitFor();
    await page.unroute(code);
    await retry.click();
    await page.getByRole("heading", { name: en.storages.title, level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: en.palette.open }).waitFor();
  });

  test("a part whose code is gone, as after an update, offers to load the page anew", async () => {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    await page.goto("/containers");
    await page.getByRole("link", { name: "alpha" }).waitFor();
    const gone = /\/assets\/command-palette-/;
    await page.route(gone, (route) => route.fulfill({ status: 404 }));
    await page.route("/", (route) => route.fulfill({ body: '<script type="module" src="/assets/newer.js"></script>' }));
    await page.keyboard.press("Control+k");
    await page.getByText(en.failure.outdated).waitFor();
    await page.unroute(gone);
    await page.getByRole("button", { name: en.failure.reload }).click();
    await page.getByText(en.failure.outdated).waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "alpha" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: en.palette.open }).waitFor();
  });

  test("a slash leads to the search, which Esc clears; keys that are typed stay text", async () => {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    await page.goto("/containers");
    await page.getByRole("link", { name: "alpha" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("alp/?");
    expect(await page.getByRole("searchbox").inputValue()).toBe("alp/?");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await page.getByRole("link", { name: "beta" }).waitFor({ state: "hidden" });
    expect(page.url()).toContain("q=alp");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "beta" }).waitFor();
    expect(page.url()).not.toContain("q=");
  });

  test("the oldest of many images is found by the palette, which opens its page, and can be chosen for a container", async () => {
    const { berth } = stage;
    await berth.query(
      `INSERT INTO images (name, reference, source) SELECT 'public/many:' || n, 'berth-test/many:' || n, 'external'
       FROM generate_series(1, 510) AS n`,
    );
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    const palette = page.getByRole("combobox", { name: en.palette.open });
    await page.keyboard.press("Control+k");
    await palette.fill("public/busybox:1");
    await page.getByRole("option", { name: "public/busybox:1" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "public/busybox:1", level: 1 }).waitFor();
    await page.waitForURL(/\/images\/\d+$/);
    await page.keyboard.press("Control+k");
    await palette.fill("gpu-1");
    await page.getByRole("option", { name: "gpu-1" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "gpu-1", level: 1 }).waitFor();

    await page.goto("/containers/new");
    const choice = page.getByRole("combobox", { name: en.containers.new_image, exact: true });
    await choice.fill("busybox");
    await page.locator(".ant-select-item-option").getByText("public/busybox:1", { exact: true }).click();
    await berth.query("DELETE FROM images WHERE name LIKE 'public/many:%'");
  });

  test("a list is sorted and filtered by its address, and remembers which columns were taken away", async () => {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, ADMIN);
    await page.goto("/containers");
    await page.getByRole("link", { name: "alpha" }).waitFor();
    const names = () => page.locator("tbody strong").allTextContents();
    expect(await names()).toEqual(["beta", "alpha"]);
    await page.getByRole("button", { name: en.containers.name }).click();
    await vi.waitFor(async () => expect(await names()).toEqual(["alpha", "beta"]));
    await page.getByRole("button", { name: en.common.columns }).click();
    await page.getByRole("checkbox", { name: en.containers.image }).uncheck();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("link", { name: "alpha" }).waitFor();
    expect(await names()).toEqual(["alpha", "beta"]);
    const columns = await page.getByRole("columnheader").allTextContents();
    expect(columns).toContain(en.containers.created);
    expect(columns).not.toContain(en.containers.image);
    await page.getByRole("combobox", { name: en.containers.state }).selectOption("Failed");
    await page.getByText(en.containers.no_match).waitFor();
    expect(page.url()).toMatch(/sort=name.*only=Failed/);
  });

  test("on a phone the pages are behind a button, for admins too, and the list has fewer columns", async () => {
    const page = await (await stage.openContext({ viewport: { width: 390, height: 800 } })).newPage();
    await signIn(page, ADMIN);
    expect(await page.getByRole("link", { name: en.nav.audit }).count()).toBe(0);
    await page.getByRole("button", { name: en.nav.menu, exact: true }).click();
    await page.getByRole("link", { name: en.nav.containers }).click();
    await page.getByRole("link", { name: "alpha" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await page.getByRole("columnheader").count()).toBe(3);
    await page.getByRole("button", { name: en.nav.menu, exact: true }).click();
    await page.getByRole("link", { name: en.nav.audit }).click();
    await page.getByRole("heading", { name: en.audit.title, level: 1 }).waitFor();
  });

  test("tabs of one browser are signed in and out together, in one language, and never mix two people's data", async () => {
    const { berth } = stage;
    const wang = await berth.server.registerUser("wang");
    await wang.container.create.mutate({ name: "gamma", image: "public/busybox:1", command: ["sleep", "1000"] });
    const context = await stage.openContext();
    const [one, other] = [await context.newPage(), await context.newPage()];
    await other.goto("/login");
    await other.locator("#account").waitFor();
    await signIn(one, { account: "wang", password: passwordOf("wang") });
    await other.getByRole("link", { name: en.nav.containers }).click();
    await other.getByRole("link", { name: "gamma" }).waitFor();

    await one.getByRole("button", { name: en.nav.account }).click();
    await one.getByRole("menuitem", { name: en.language.zh }).click();
    await other.getByRole("heading", { name: zh.containers.title, level: 1 }).waitFor();
    await one.getByRole("button", { name: zh.nav.account }).click();
    await one.getByRole("menuitem", { name: en.language.en }).click();

    // The session ends, and somebody else signs in where the page asks for it again.
    await berth.query("UPDATE users SET token_epoch = token_epoch + 1 WHERE account = 'wang'");
    const dialog = one.getByRole("dialog");
    await dialog.getByLabel(en.auth.account).fill("li");
    await dialog.getByLabel(en.auth.password).fill(passwordOf("li"));
    await dialog.getByRole("button", { name: en.auth.sign_in }).click();
    for (const tab of [one, other]) {
      await tab.getByRole("button", { name: en.nav.account }).getByText("li", { exact: true }).waitFor();
      await tab.getByRole("dialog").waitFor({ state: "hidden" });
      expect(await tab.getByText("gamma").count()).toBe(0);
    }

    await one.getByRole("button", { name: en.nav.account }).click();
    await one.getByRole("menuitem", { name: en.nav.sign_out }).click();
    await one.locator("#account").waitFor();
    await other.locator("#account").waitFor();
  });
});
