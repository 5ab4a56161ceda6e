import { en } from "@berth/web/locales/en.ts";
import type { Browser, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { ADMIN } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";

const MINUTE_MS = 60_000;
vi.setConfig({ testTimeout: 180_000 });

/** What admins see of machines and storage, and do with them, in a real browser. */
describe.skipIf(!hasChromium())("the console's machines", () => {
  let berth: Berth;
  let engine: ScenarioEngine;
  let browser: Browser;
  let machine_id: string;
  beforeAll(async () => {
    [berth, engine, browser] = await Promise.all([startBerth(), startScenarioSimulation("shown"), launchChromium()]);
    const added = await berth.admin.machine.add.mutate({ ...engine.endpoint, allow_insecure: true, name: "gpu-1" });
    machine_id = added.machine_id;
    await berth.admin.image.add.mutate({ name: "public/busybox:1", reference: TEST_IMAGE });
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  /** A page of an admin's own browser, and what its console was told of. */
  async function openPage(path: string): Promise<{ page: Page; told: string[] }> {
    const context = await browser.newContext({
      locale: "en-GB",
      baseURL: berth.server.url,
      viewport: { width: 1_280, height: 900 },
    });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const told: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") told.push(message.text());
    });
    page.on("pageerror", (error) => told.push(String(error)));
    await page.goto(`/login?then=${encodeURIComponent(path)}`);
    await page.locator("#account").fill(ADMIN.account);
    await page.locator("#password").fill(ADMIN.password);
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
    return { page, told };
  }

  const runSleeper = async (name: string, at = machine_id): Promise<number> => {
    const { container_id } = await berth.admin.container.create.mutate({
      name,
      image: "public/busybox:1",
      machine_id: at,
      command: ["sleep", "1000"],
    });
    const phase = async () => (await berth.admin.container.get.query({ container_id })).phase;
    await expect.poll(phase, { timeout: 20_000 }).toBe("Running");
    return container_id;
  };

  test("a machine's page tells what it is, and draws how busy it was, readable by the keys and as a table", async () => {
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    const tell = (minutesAgo: number, utilization: number) =>
      berth.query(
        `INSERT INTO machine_telemetry_points
         VALUES ($1, 60, $2, 0.25, 2048, 4096, '{0,1}', $3, '{1024,2048}', '{50,50}', '{200,200}')`,
        [machine_id, new Date(minute - minutesAgo * MINUTE_MS), [utilization, 7]],
      );
    // Of the minutes between nothing is known.
    for (const [ago, utilization] of [
      [20, 11],
      [19, 22],
      [3, 33],
      [2, 44],
    ] as const) {
      await tell(ago, utilization);
    }
    const { page, told } = await openPage("/");
    await page.getByRole("link", { name: "gpu-1", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "gpu-1" }).waitFor();
    await page.getByText("RTX 4090").first().waitFor();
    await page.getByRole("tab", { name: en.machine.tabs.telemetry }).click();
    await page.waitForURL(/tab=telemetry/);

    const chart = page.getByRole("slider", { name: new RegExp(`^${en.machine.charts.gpu_utilization}`) });
    await chart.locator("canvas").waitFor();
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toBe("last, GPU 0 44%, GPU 1 7%");
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain("GPU 0 33%");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain(`GPU 0 ${en.machine.no_value}`);
    await page.keyboard.press("Home");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain("GPU 0 11%");

    await page.getByText(en.machine.chart_table).first().click();
    const table = page.getByRole("table", { name: en.machine.charts.gpu_utilization });
    expect(await table.locator("tbody tr td:first-of-type").allTextContents()).toEqual([
      "44%",
      "33%",
      en.machine.no_value,
      "22%",
      "11%",
    ]);
    await page.getByText(en.machine.range.day).click();
    await page.waitForURL(/range=day/);
    await chart.locator("canvas").waitFor();
    expect(told).toEqual([]);
  });

  test("what is on its Docker by hand is told, with its GPUs, and is left alone", async () => {
    await engine.docker("run", "-d", "--name", "by-hand", "--gpus", "all", TEST_IMAGE, "sleep", "1000");
    const { page, told } = await openPage(`/machines/${encodeURIComponent(machine_id)}?tab=foreign`);
    const row = page.getByRole("row", { name: /by-hand/ });
    await row.getByText("#0, #1").waitFor();
    await row.getByText(en.machine.states.running).waitFor();
    await engine.docker("rm", "-f", "by-hand");
    await page.getByRole("button", { name: en.machine.refresh }).click();
    await page.getByText(en.machine.foreign_empty).waitFor();
    await page.getByRole("tab", { name: en.machine.tabs.images }).click();
    await page.getByText(TEST_IMAGE, { exact: true }).waitFor();
    expect(told).toEqual([]);
  });

  test("a storage is made and shown, and one that a container uses is not removed", async () => {
    const { page } = await openPage("/storages");
    await page.getByText(en.storages.empty_title).waitFor();
    await page.getByRole("button", { name: en.storages.create }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(en.storages.name, { exact: true }).fill("imagenet");
    await dialog.getByText(en.storages.kinds.dataset, { exact: true }).click();
    await dialog.getByLabel(en.storages.path, { exact: true }).fill("/etc/data");
    await dialog.getByRole("button", { name: en.storages.create }).click();
    await dialog.getByText("/etc belongs to the machine itself").waitFor();
    await dialog.getByText(en.storages.sources.volume, { exact: true }).click();
    await dialog.getByRole("button", { name: en.storages.create }).click();
    await dialog.waitFor({ state: "hidden" });
    await page
      .getByRole("row", { name: /imagenet/ })
      .getByText(en.storages.read_only)
      .waitFor();
    expect((await berth.admin.storage.list.query({})).items).toMatchObject([
      { name: "imagenet", kind: "dataset", per_user: false, machine_id: null, source: "volume" },
    ]);

    const wish = { image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
    const mounts = [{ storage: "imagenet", path: "/data" }];
    await berth.admin.container.create.mutate({ name: "reader", ...wish, mounts });
    const remove = async () => {
      await page.getByRole("button", { name: `${en.storages.remove}: imagenet` }).click();
      await page.getByRole("dialog").getByRole("button", { name: en.storages.remove }).click();
    };
    await remove();
    await page.getByText(`Containers use imagenet: ${ADMIN.account}/reader.`).waitFor();
    await page.getByRole("button", { name: en.common.close }).last().click();
    await berth.deleteContainers();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await remove();
    await page.getByText(en.storages.empty_title).waitFor();
  });

  test("a machine is cordoned, drained with word of each container, and taken into use again", async () => {
    const container_id = await runSleeper("to-stop");
    const { page } = await openPage(`/machines/${encodeURIComponent(machine_id)}?tab=settings`);
    await page.getByRole("button", { name: en.machines.cordon }).click();
    await page.getByText(en.machines.states.cordoned, { exact: true }).waitFor();
    await page.getByRole("button", { name: en.machines.drain }).click();
    await page.getByRole("dialog").getByRole("button", { name: en.machines.drain }).click();
    await page.getByText(en.machine.drain_stopping.replace("{{count}}", "1")).waitFor();
    await page.getByText(`${ADMIN.account}/to-stop`).waitFor();
    expect(await berth.admin.container.get.query({ container_id })).toMatchObject({ desired: "stopped" });
    await page.getByRole("button", { name: en.common.close }).last().click();
    await page.getByRole("button", { name: en.machines.uncordon }).click();
    await page.getByText(en.machines.states.cordoned, { exact: true }).waitFor({ state: "hidden" });

    await page.getByLabel(en.machine.sharing_of.replace("{{index}}", "1")).fill("3");
    await page.getByRole("button", { name: en.common.save }).click();
    await expect
      .poll(async () => (await berth.admin.machine.get.query({ machine_id })).shared_gpus)
      .toEqual({ "GPU-scenario-1": 3 });
    await page.getByRole("button", { name: en.machines.remove }).click();
    await page.getByRole("dialog").getByRole("button", { name: en.machines.remove }).click();
    // Refused, naming what is there.
    await page.getByText(`Containers are on gpu-1: ${ADMIN.account}/to-stop.`).waitFor();
    await berth.deleteContainers();
  });

  test("saving a machine's settings sends what was typed, and leaves what another admin has changed meanwhile", async () => {
    const ofFirst = { "GPU-scenario-0": 2 };
    await berth.admin.machine.update.mutate({ machine_id, shared_gpus: {} });
    const { page } = await openPage(`/machines/${encodeURIComponent(machine_id)}?tab=settings`);
    const sharing = page.getByLabel(en.machine.sharing_of.replace("{{index}}", "1"));
    await sharing.fill("4");
    await berth.admin.machine.update.mutate({ machine_id, name: "renamed", shared_gpus: ofFirst });
    await page.getByRole("heading", { level: 1, name: "renamed" }).waitFor();
    await page.getByRole("button", { name: en.common.save }).click();
    const { name } = await vi.waitFor(async () => {
      const machine = await berth.admin.machine.get.query({ machine_id });
      expect(machine.shared_gpus).toEqual({ ...ofFirst, "GPU-scenario-1": 4 });
      return machine;
    });
    expect(name).toBe("renamed");
    // What is there now is what is shown and compared with from then on.
    const names = page.getByLabel(en.machine.name, { exact: true });
    await expect.poll(() => names.inputValue()).toBe("renamed");
    await names.fill("gpu-1");
    await page.getByRole("button", { name: en.common.save }).click();
    await page.getByRole("heading", { level: 1, name: "gpu-1" }).waitFor();
  });

  test("a machine that never comes back is forgotten once its name was typed", async () => {
    const lost = await startScenarioSimulation("lost");
    const { machine_id: lostId } = await berth.admin.machine.add.mutate({
      ...lost.endpoint,
      allow_insecure: true,
      name: "gpu-lost",
    });
    await runSleeper("gone-with-it", lostId);
    const { page } = await openPage(`/machines/${encodeURIComponent(lostId)}?tab=settings`);
    const forget = page.getByRole("button", { name: en.machine.forget });
    await page.getByText(en.machine.forget_online).waitFor();
    expect(await forget.isDisabled()).toBe(true);
    await lost.close();
    await page.getByText(en.machine.forget_hint).waitFor({ timeout: 60_000 });
    await forget.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`${ADMIN.account}/gone-with-it`).waitFor();
    const name = dialog.getByLabel(en.machine.forget_type.replace("{{name}}", "gpu-lost"));
    const sure = dialog.getByRole("button", { name: en.machine.forget });
    await name.fill("gpu-1");
    expect(await sure.isDisabled()).toBe(true);
    await name.fill("gpu-lost");
    await sure.click();
    await page.getByRole("heading", { level: 1, name: en.machines.title }).waitFor();
    await page.getByRole("link", { name: "gpu-1" }).waitFor();
    expect((await berth.admin.machine.list.query({})).items.map((machine) => machine.name)).toEqual(["gpu-1"]);
    expect((await berth.admin.container.list.query({ scope: "all" })).items).toEqual([]);
  });

  test("the line to join with shows what the script finds on the server, while it does", async () => {
    const { page, told } = await openPage("/machines");
    await page.getByRole("button", { name: en.machines.join }).click();
    await page.waitForURL(/join=line/);
    const dialog = page.getByRole("dialog");
    await dialog.getByText(en.joining.waits).waitFor();
    const [, url = ""] = /curl -fsSL (\S+)\.sh /.exec(await dialog.locator(".copy-text code").innerText()) ?? [];
    await dialog.getByText(en.joining.read).click();
    await dialog.getByText("#!/bin/sh").waitFor();

    const tell = async (...lines: string[][]) => {
      const body = lines.map((line) => `${line.join("\t")}\n`).join("");
      const { status } = await fetch(`${url}/checks`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body,
      });
      expect(status).toBe(204);
    };
    const docker = ["docker", "ok", "Docker 28.5.2 answers.", ""];
    await tell(docker);
    await dialog.getByText("Docker 28.5.2 answers.").waitFor();
    await dialog.getByText(en.joining.checking).waitFor();
    const address = ["address", "ok", "Berth is to reach this server at 10.0.0.5:2376.", ""];
    await tell(docker, ["gpus", "failed", "Docker can't use the GPUs.", "install the toolkit"], address);
    await dialog.getByText(en.joining.failed.replace("{{count}}", "1")).waitFor();
    await dialog.getByText(en.joining.fix.replace("{{fix}}", "install the toolkit")).waitFor();
    await tell(docker, address);
    await dialog.getByText(en.joining.passed).waitFor();

    const [token] = (await berth.admin.machine.join_tokens.list.query({ limit: 1 })).items;
    await berth.admin.machine.join_tokens.revoke.mutate({ join_token_id: token!.join_token_id });
    await dialog.getByText(en.joining.revoked).waitFor();
    await dialog.getByRole("button", { name: en.joining.again }).click();
    await dialog.getByText(en.joining.waits).waitFor();
    await dialog.getByText(en.joining.ways.ssh).click();
    await dialog.getByText("ssh-ed25519").waitFor();
    expect(told).toEqual([]);
  });

  test("a line to join with is made by a click alone, and is the same however one comes back to it", async () => {
    const listTokens = async () => (await berth.admin.machine.join_tokens.list.query({})).items;
    const before = (await listTokens()).length;
    const { page } = await openPage("/machines");
    const dialog = page.getByRole("dialog");
    const line = dialog.locator(".copy-text code");
    const join = page.getByRole("button", { name: en.machines.join, exact: true });
    await join.click();
    const made = await line.innerText();
    await dialog.getByText(en.joining.ways.ssh).click();
    await dialog.getByText("ssh-ed25519").waitFor();
    await dialog.getByText(en.joining.ways.line).click();
    expect(await line.innerText()).toBe(made);

    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await join.click();
    expect(await line.innerText()).toBe(made);
    await page.goBack();
    await dialog.waitFor({ state: "hidden" });
    expect(await listTokens()).toHaveLength(before + 1);

    await page.goto("/machines?join=line");
    await dialog.getByRole("button", { name: en.joining.make }).waitFor();
    expect(await listTokens()).toHaveLength(before + 1);
    await dialog.getByRole("button", { name: en.joining.make }).click();
    await line.waitFor();
    expect(await line.innerText()).not.toBe(made);
    expect(await listTokens()).toHaveLength(before + 2);
  });
});
