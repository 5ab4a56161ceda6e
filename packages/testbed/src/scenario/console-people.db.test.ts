import { en } from "@berth/web/locales/en.ts";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ADMIN, passwordOf } from "./api-server.ts";
import { type ConsoleStage, hasBrowser, openConsoleStage, signIn } from "./console-browser.ts";

vi.setConfig({ testTimeout: 180_000 });

/** Accounts, what leads into them (passwords, sessions, tokens, keys, invitations), and the record of what was done. */
describe.skipIf(!hasBrowser)("the console", () => {
  let stage: ConsoleStage;
  beforeAll(async () => {
    stage = await openConsoleStage();
  });
  afterAll(() => stage?.close());

  async function openAs(account: string, password: string, path: string): Promise<Page> {
    const page = await (await stage.openContext()).newPage();
    await signIn(page, { account, password });
    await page.goto(path);
    return page;
  }
  const openAsAdmin = (path: string): Promise<Page> => openAs(ADMIN.account, ADMIN.password, path);

  /** Registers somebody who has an access token, `ci`. */
  async function registerWithToken(account: string) {
    const client = await stage.berth.server.registerUser(account);
    await client.user.api_tokens.create.mutate({ name: "ci" });
    const { user_id } = await client.user.me.query();
    const countTokens = async (): Promise<number> =>
      (await stage.berth.query("SELECT FROM api_tokens WHERE user_id = $1", [user_id])).length;
    return { user_id, countTokens };
  }

  /** Answers the question that is open. */
  const answer = (page: Page, name: string): Promise<void> =>
    page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

  const takeFromMenu = async (page: Page, account: string, item: string): Promise<void> => {
    await page.getByRole("button", { name: `${en.common.more}: ${account}`, exact: true }).click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
  };

  test("who has forgotten their password is sent to an admin, who sets a new one", async () => {
    await registerWithToken("wang");
    const page = await openAsAdmin("/users");
    await takeFromMenu(page, "wang", en.users.set_password);
    await page.getByRole("dialog").getByText(en.users.set_password_text).waitFor();
    await page.getByLabel(en.profile.new_password, { exact: true }).fill("a password by an admin");
    await answer(page, en.users.set_password);
    await page.getByText("wang has a new password.").waitFor();

    const wangs = await (await stage.openContext()).newPage();
    await wangs.goto("/login");
    await wangs.getByText(en.auth.forgotten).waitFor();
    await signIn(wangs, { account: "wang", password: "a password by an admin" });
  });

  test("who is registered, and could not be signed in then, is signed in at the next try", async () => {
    const page = await (await stage.openContext()).newPage();
    await page.route(/\/trpc\/auth\.login/, (route) => route.abort(), { times: 1 });
    await page.goto("/register");
    await page.getByLabel(en.auth.account, { exact: true }).fill("qian");
    await page.getByLabel(en.auth.password, { exact: true }).fill(passwordOf("qian"));
    await page.getByLabel(en.auth.repeat).fill(passwordOf("qian"));
    const register = page.getByRole("button", { name: en.auth.register });
    await register.click();
    await page.getByRole("alert").getByText(en.failure.not_sent).waitFor();
    await register.click();
    await page.getByRole("button", { name: en.nav.account }).getByText("qian", { exact: true }).waitFor();
  });

  test("a photo that is sent after the session has ended leads to the sign-in", async () => {
    const page = await openAsAdmin("/profile");
    const error = {
      code: "UNAUTHORIZED",
      message: "Sign in again: the access token is no longer good.",
      details: null,
    };
    await page.route("**/set_photo/custom", (route) => route.fulfill({ status: 401, json: { error } }));
    const photo = { name: "me.png", mimeType: "image/png", buffer: Buffer.from("not looked at") };
    await page.locator("input[type=file]").setInputFiles(photo);
    await page.getByRole("dialog").getByText(en.auth.session_over).waitFor();
  });

  test("a new password names the access tokens that end with it, and they are gone from the list", async () => {
    const { countTokens } = await registerWithToken("li");
    const page = await openAs("li", passwordOf("li"), "/profile");
    await page.getByRole("listitem").getByText("ci", { exact: true }).waitFor();
    await page.getByText(en.profile.password_hint).waitFor();
    await page.getByLabel(en.profile.new_password, { exact: true }).fill("li's other password");
    await page.getByLabel(en.auth.repeat).fill("li's other password");
    await page.getByRole("button", { name: en.profile.change_password }).click();
    await page.getByRole("dialog").getByText("(1): ci").waitFor();
    expect(await countTokens()).toBe(1);
    await answer(page, en.profile.change_password);
    await page.getByText(en.profile.password_changed).waitFor();
    await page.getByText(en.profile.no_tokens).waitFor();
    expect(await countTokens()).toBe(0);
  });

  test("one signs out everywhere, this browser, another one and access tokens included", async () => {
    const { countTokens } = await registerWithToken("zhao");
    const other = await openAs("zhao", passwordOf("zhao"), "/containers");
    await other.getByText(en.containers.empty_title).waitFor();
    const page = await openAs("zhao", passwordOf("zhao"), "/profile");
    await page.getByRole("listitem").getByText("ci", { exact: true }).waitFor();
    await page.getByRole("button", { name: en.profile.sign_out_everywhere }).click();
    await page.getByRole("dialog").getByText("(1): ci").waitFor();
    await answer(page, en.profile.sign_out_everywhere);
    await page.waitForURL(/\/login$/);
    await other.getByRole("dialog").getByText(en.auth.session_over).waitFor();
    expect(await countTokens()).toBe(0);
    await page.goto("/profile");
    await page.waitForURL(/\/login\?/);
  });

  test("who is to be an admin, and what ends by it, is asked first", async () => {
    const { user_id, countTokens } = await registerWithToken("sun");
    const role = async () => (await stage.berth.admin.user.get.query({ user_id })).role;
    const page = await openAsAdmin("/users");
    await takeFromMenu(page, "sun", en.users.make_admin);
    await page.getByRole("dialog").getByText("all their access tokens end for good").waitFor();
    await answer(page, en.common.cancel);
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect([await role(), await countTokens()]).toEqual(["user", 1]);
    await takeFromMenu(page, "sun", en.users.make_admin);
    await answer(page, en.users.make_admin);
    await expect.poll(role).toBe("admin");
    expect(await countTokens()).toBe(0);
  });

  test("a token, a key and an invitation are deleted only after a question that says what for", async () => {
    const { admin } = stage.berth;
    await admin.user.api_tokens.create.mutate({ name: "nightly" });
    await admin.user.ssh_keys.add.mutate({ public_key: PUBLIC_KEY });
    await admin.invitation.create.mutate({ note: "new students", uses: 3 });
    const left = async () => ({
      tokens: (await admin.user.api_tokens.list.query()).items.length,
      keys: (await admin.user.ssh_keys.list.query()).items.length,
      invitations: (await admin.invitation.list.query({})).items.length,
    });
    const page = await openAsAdmin("/profile");
    const press = (name: string) => page.getByRole("button", { name: `${en.common.delete}: ${name}` }).click();
    await press("nightly");
    await page.getByRole("dialog").getByText(en.profile.revoke_unused).waitFor();
    expect(await left()).toEqual({ tokens: 1, keys: 1, invitations: 1 });
    await answer(page, en.common.delete);
    await expect.poll(left).toEqual({ tokens: 0, keys: 1, invitations: 1 });

    await press("laptop");
    await page.getByRole("dialog").getByText("SHA256:").waitFor();
    expect(await left()).toEqual({ tokens: 0, keys: 1, invitations: 1 });
    await answer(page, en.common.delete);
    await expect.poll(left).toEqual({ tokens: 0, keys: 0, invitations: 1 });

    await page.goto("/settings");
    await press("new students");
    await page.getByRole("dialog").getByText("It was good for 3 more").waitFor();
    expect(await left()).toEqual({ tokens: 0, keys: 0, invitations: 1 });
    await answer(page, en.common.delete);
    await expect.poll(left).toEqual({ tokens: 0, keys: 0, invitations: 0 });
  });

  test("the audit is searched by person and by object, leads to what still exists, and opens by the keys on a phone", async () => {
    const { admin, server } = stage.berth;
    const zhou = await server.registerUser("zhou");
    const { machine_id } = (await admin.machine.list.query({})).items[0]!;
    const wish = { image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
    const left = await zhou.container.create.mutate({ ...wish, name: "still-there" });
    const gone = await zhou.container.create.mutate({ ...wish, name: "soon-gone" });
    await zhou.container.delete.mutate({ container_id: gone.container_id });
    const list = () => admin.container.list.query({ scope: "all" });
    await expect.poll(async () => (await list()).items.length, { timeout: 20_000 }).toBe(1);

    const page = await openAsAdmin("/audit");
    const person = page.getByRole("combobox", { name: en.audit.who, exact: true });
    await person.fill("zho");
    await page.locator(".ant-select-item-option").getByText("zhou", { exact: true }).click();
    await page.waitForURL(/user=\d+/);
    const rows = page.locator("tbody tr:not(.spacer)");
    await expect.poll(() => rows.filter({ hasNotText: "zhou" }).count()).toBe(0);
    await rows.getByRole("link", { name: "still-there" }).waitFor();
    const deleted = rows.filter({ hasText: `${en.audit.nouns.container} ${gone.container_id}` });
    expect(await deleted.getByRole("link").allTextContents()).toEqual(["zhou", "zhou"]);

    // As a link that was handed on, on a phone, and without a mouse.
    await page.setViewportSize({ width: 390, height: 800 });
    await page.reload();
    await rows.first().waitFor();
    await expect.poll(() => rows.filter({ hasNotText: "zhou" }).count()).toBe(0);
    const create = rows.filter({ hasText: "create" }).last().getByRole("button");
    await create.press("Enter");
    const details = page.getByRole("group", { name: en.audit.details }).filter({ visible: true });
    await details.getByText("still-there").first().waitFor();
    await details.getByText("public/busybox:1").waitFor();
    await details.getByRole("link", { name: en.audit.only_object }).click();
    await page.waitForURL(/object=/);
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole("searchbox", { name: en.audit.object_id }).fill("no such id");
    await page.getByText(en.audit.no_match).waitFor();
    await zhou.container.delete.mutate({ container_id: left.container_id });
  });
});

const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ laptop";
