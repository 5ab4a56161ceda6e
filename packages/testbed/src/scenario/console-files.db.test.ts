import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { en } from "@berth/web/locales/en.ts";
import type { Browser, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ADMIN } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";
import { Scene } from "./scene.ts";

/** The console's files in a real browser, on a simulated machine. */
describe.skipIf(!hasChromium())("files in the console", () => {
  let berth: Berth;
  let engine: ScenarioEngine;
  let browser: Browser;
  let scene: Scene;
  beforeAll(async () => {
    [berth, engine, browser] = await Promise.all([
      startBerth(),
      startScenarioSimulation("simulated"),
      launchChromium(),
    ]);
    await berth.admin.machine.add.mutate({ ...engine.endpoint, allow_insecure: true, name: "gpu-1" });
    const { machine_id } = (await berth.admin.machine.list.query({})).items[0]!;
    await berth.admin.image.add.mutate({ name: "public/busybox:latest", reference: "berth-test/busybox:latest" });
    scene = new Scene(berth, engine, machine_id);
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  async function openFiles(path: string): Promise<{ page: Page; told: string[] }> {
    const context = await browser.newContext({ locale: "en-GB", baseURL: berth.server.url, acceptDownloads: true });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const told: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") told.push(message.text());
    });
    page.on("pageerror", (error) => told.push(String(error)));
    await page.goto("/login");
    await page.locator("#account").fill(ADMIN.account);
    await page.locator("#password").fill(ADMIN.password);
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
    await page.goto(path);
    return { page, told };
  }

  const textFile = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

  test("go up, are asked for before they are replaced, and come down as they were", async () => {
    const container = await scene.run();
    await container.shell("mkdir -p /data/sub; echo old > /data/sub/notes.txt; echo x > /data/other");
    const { page, told } = await openFiles(`/containers/${container.container_id}?tab=files&path=%2Fdata`);
    const link = (name: string) => page.getByRole("link", { name, exact: true });
    await link("sub").click();
    await page.waitForURL(/path=%2Fdata%2Fsub$/);
    await page.getByRole("button", { name: "notes.txt", exact: true }).waitFor();

    const chosen = [textFile("notes.txt", "new"), textFile("résumé 1.txt", "mine")];
    await page.locator("input[type=file]").setInputFiles(chosen);
    const dialog = page.getByRole("dialog");
    await dialog.getByText("notes.txt").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await page.getByRole("region", { name: en.files.uploads }).count()).toBe(0);
    await page.locator("input[type=file]").setInputFiles(chosen);
    await dialog.getByRole("button", { name: en.files.only_new }).click();
    await page.getByRole("button", { name: "résumé 1.txt", exact: true }).waitFor();
    expect(await container.shell("cat /data/sub/notes.txt")).toBe("old");
    await page.locator("input[type=file]").setInputFiles(chosen.slice(0, 1));
    await dialog.getByRole("button", { name: en.files.replace }).click();
    await expect.poll(() => container.shell("cat /data/sub/notes.txt")).toBe("new");

    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: `${en.files.download}: résumé 1.txt` }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("résumé 1.txt");
    expect(await readFile(await file.path(), "utf8")).toBe("mine");
    await page.getByRole("button", { name: en.files.up, exact: true }).click();
    const [folder] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: `${en.files.download_folder}: sub` }).click(),
    ]);
    expect(folder.suggestedFilename()).toBe("sub.tar");
    expect((await readFile(await folder.path())).toString("latin1")).toContain("./sub/notes.txt");
    await page.goBack();
    await page.getByRole("button", { name: "notes.txt", exact: true }).waitFor();
    expect(told).toEqual([]);
  });

  test("lead to the sign-in where the session has ended, and go up after it", async () => {
    const container = await scene.run();
    const { page } = await openFiles(`/containers/${container.container_id}?tab=files&path=%2Ftmp`);
    await page.getByText(en.files.empty).waitFor();
    const error = {
      code: "UNAUTHORIZED",
      message: "Sign in again: the access token is no longer good.",
      details: null,
    };
    const ended = { status: 401, json: { error } };
    await page.route("**/files/containers/**", (route) => route.fulfill(ended), { times: 1 });
    await page.locator("input[type=file]").setInputFiles([textFile("late.txt", "late")]);
    const dialog = page.getByRole("dialog");
    await dialog.getByText(en.auth.session_over).waitFor();
    await dialog.getByLabel(en.auth.account).fill(ADMIN.account);
    await dialog.getByLabel(en.auth.password).fill(ADMIN.password);
    await dialog.getByRole("button", { name: en.auth.sign_in }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: `${en.files.again}: /tmp/late.txt` }).click();
    await expect.poll(() => container.shell("cat /tmp/late.txt")).toBe("late");
  });

  test("say why one does not go up, and why none are shown", async () => {
    const container = await scene.run();
    const { page } = await openFiles(`/containers/${container.container_id}?tab=files&path=%2Ftmp`);
    await page.getByText(en.files.empty).waitFor();
    // More than a machine that is played has room for.
    const folder = await mkdtemp(join(tmpdir(), "berth-upload-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "large.bin"), Buffer.alloc(17 * 1024 * 1024));
    await page.locator("input[type=file]").setInputFiles(join(folder, "large.bin"));
    await page.getByRole("region", { name: en.files.uploads }).getByRole("alert").waitFor();
    await page.getByRole("button", { name: `${en.files.dismiss}: /tmp/large.bin` }).click();
    await page.getByRole("region", { name: en.files.uploads }).waitFor({ state: "hidden" });
    await page.goto(`/containers/${container.container_id}?tab=files&path=%2Fno%2Fsuch`);
    await page.getByText("/no/such is not there.").waitFor();
    await page.getByRole("button", { name: en.containers.stop, exact: true }).click();
    await page.getByText(en.files.stopped_title).waitFor();
  });
});
