import { readFileSync } from "node:fs";
import { en } from "@berth/web/locales/en.ts";
import type { Browser, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { ADMIN } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { type ScenarioEngine, SIMULATED_GPUS, startScenarioSimulation } from "./scenario-engine.ts";

vi.setConfig({ testTimeout: 180_000 });

/** Who holds what, who held it for how long, and how Berth itself does, in the built console on a simulated machine. */
describe.skipIf(!hasChromium())("the console", () => {
  let berth: Berth;
  let engine: ScenarioEngine;
  let browser: Browser;
  let machine_id: string;
  beforeAll(async () => {
    [berth, engine, browser] = await Promise.all([
      startBerth(),
      startScenarioSimulation("simulated"),
      launchChromium(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  async function openPage(account: string, password: string): Promise<Page> {
    const context = await browser.newContext({ locale: "en-GB", baseURL: berth.server.url });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto("/login");
    await page.locator("#account").fill(account);
    await page.locator("#password").fill(password);
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
    return page;
  }
  const openAsAdmin = (): Promise<Page> => openPage(ADMIN.account, ADMIN.password);

  test("an admin's home lists what is still to be set up, ticks off what is there, and forgets it for good", async () => {
    const page = await openAsAdmin();
    const list = page.getByRole("region", { name: en.setup.title });
    const step = (name: string) => list.getByRole("listitem").filter({ hasText: name });
    await step(en.setup.steps.machine).getByText(en.setup.hints.machine).waitFor();
    expect(await step(en.setup.steps.machine).getByText(en.setup.done, { exact: true }).count()).toBe(0);

    ({ machine_id } = await berth.admin.machine.add.mutate({
      ...engine.endpoint,
      allow_insecure: true,
      name: "gpu-1",
    }));
    await berth.admin.image.add.mutate({ name: "public/busybox:1", reference: "berth-test/busybox:latest" });
    await page.reload();
    await step(en.setup.steps.machine).getByText(en.setup.done, { exact: true }).waitFor();
    await step(en.setup.steps.image).getByText(en.setup.done, { exact: true }).waitFor();
    expect(await step(en.setup.steps.registry).getByText(en.setup.done, { exact: true }).count()).toBe(0);

    await list.getByRole("button", { name: en.setup.dismiss }).click();
    await list.waitFor({ state: "hidden" });
    await page.reload();
    await page.getByRole("heading", { name: "gpu-1" }).waitFor();
    expect(await berth.admin.settings.get.query()).toMatchObject({ setup_dismissed: true });
    expect(await list.count()).toBe(0);
  });

  test("the board says who holds a GPU since when, and leads only those to the container who may open it", async () => {
    await berth.server.registerUser("li");
    const [first, second] = SIMULATED_GPUS;
    await berth.admin.machine.update.mutate({ machine_id, shared_gpus: { [second!.uuid]: 2 } });
    const wish = { image: "public/busybox:1", command: ["sleep", "1000"] };
    await berth.admin.container.create.mutate({ ...wish, name: "secret", gpu_uuids: [first!.uuid] });
    await berth.admin.container.create.mutate({ ...wish, name: "sharing", gpu_uuids: [second!.uuid] });

    const page = await openPage("li", "li's password");
    const tile = page.locator(".gpu").filter({ hasText: "GPU 0" });
    await tile.getByText(ADMIN.account).waitFor();
    expect(await tile.locator("time").getAttribute("datetime")).toMatch(/^\d{4}-/);
    expect(await tile.getByRole("link").count()).toBe(0);
    expect(await page.getByText("secret").count()).toBe(0);
    // A place on the shared one is still to be had.
    const shared = page.locator(".gpu").filter({ hasText: "GPU 1" });
    await shared.getByText(ADMIN.account).waitFor();
    await shared.getByText("1 of 2 places free").waitFor();
    await shared.getByRole("link", { name: `${en.board.take}: gpu-1 GPU 1` }).waitFor();

    // What is looked at is in the address, and can be handed on.
    await page.getByRole("searchbox").fill("nowhere");
    await page.getByText(en.board.no_match_title).waitFor();
    expect(page.url()).toContain("q=nowhere");
    await page.goto("/?q=GPU-1&free=true&view=compact");
    await page.locator(".machine-row").getByText("free 1/2").waitFor();

    const admins = await openAsAdmin();
    await admins.locator(".gpu").filter({ hasText: "GPU 0" }).getByRole("link", { name: "secret" }).click();
    await admins.getByRole("heading", { name: "secret" }).waitFor();
  });

  test("an admin reads and downloads how long everybody held GPUs, also once the containers are gone", async () => {
    await berth.deleteContainers();
    await berth.query("UPDATE gpu_usage SET began_at = ended_at - interval '90 minutes'");
    const page = await openAsAdmin();
    await page.goto("/usage");
    // One and a half hours of a whole GPU, and half as much of the shared one.
    const row = page.getByRole("row").filter({ hasText: ADMIN.account });
    await row.getByRole("cell", { name: "2.25", exact: true }).waitFor();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: en.usage.download }).click(),
    ]);
    const lines = readFileSync(await file.path(), "utf8").split("\r\n");
    expect(lines[0]).toMatch(/^account,gpu_hours(,\d{4}-\d\d-\d\d){30}$/);
    expect(lines[1]).toMatch(new RegExp(`^${ADMIN.account},2\\.25,`));
    await row.getByRole("button", { name: `Show ${ADMIN.account} in the chart` }).click();
    await page.getByText(`GPU hours of ${ADMIN.account}, of all`).waitFor();
    await page.goto("/usage?from=2020-01-01&to=2020-01-02");
    await page.getByText(en.usage.empty_title).waitFor();
  });

  test("an admin sees that all is well, and on every page when no reconciler lives any more", async () => {
    const page = await openAsAdmin();
    await page.goto("/health");
    await page.getByText(en.health.well, { exact: true }).waitFor();
    await page.getByText("64 of 64").waitFor();
    await page.getByText("0–63").waitFor();
    await page.getByRole("row").filter({ hasText: en.health.kinds.machine }).waitFor();
    await berth.reconciler.stop();
    await page.locator(".health-verdict").getByText(en.health.none_alive).waitFor();
    await page.getByRole("row").filter({ hasText: "0–63" }).getByText(en.health.nobody).waitFor();
    await page.goto("/containers");
    await page.getByRole("alert").filter({ hasText: en.health.none_alive }).waitFor();
    await berth.startReconciler();
    await page.getByRole("alert").getByRole("link", { name: en.health.see }).click();
    await page.getByText(en.health.well, { exact: true }).waitFor();
    await page.getByRole("alert").waitFor({ state: "hidden" });
  });
});
