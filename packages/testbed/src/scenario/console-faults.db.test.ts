import { en } from "@berth/web/locales/en.ts";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { BrowserUser } from "../console/browser-user.ts";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import type { ConsoleTab } from "../console/console-tab.ts";
import { type CuttableWay, openCuttableWay } from "../console/cuttable-way.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { startRestartablePostgres, type RestartablePostgres } from "../postgres/restartable.ts";
import { ADMIN, type ApiServer, startApiServer } from "./api-server.ts";
import { type ReconcilerProcess, startReconcilerProcess } from "./reconciler-process.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";

vi.setConfig({ testTimeout: 180_000 });
/** In which a page says that something is away. */
const TOLD_MS = 25_000;
/** In which it is as before once that is back. */
const BACK_MS = 20_000;
/** What the browser itself says of requests that failed. Nothing else may be said. */
const BROWSERS_OWN = /^(Failed to load resource|WebSocket connection to )/;

describe.skipIf(!hasChromium())("the console, when what it stands on goes away", () => {
  let postgres: RestartablePostgres;
  let server: ApiServer;
  let reconciler: ReconcilerProcess;
  let engine: ScenarioEngine;
  let browser: Browser;
  let way: CuttableWay;
  let containerId: number;
  let machineId: string;
  beforeAll(async () => {
    [postgres, engine, browser] = await Promise.all([
      startRestartablePostgres(),
      startScenarioSimulation("simulated"),
      launchChromium(),
    ]);
    server = await startApiServer({ databaseUrl: postgres.url });
    reconciler = await startReconcilerProcess({ databaseUrl: postgres.url, secretKey: server.secret_key });
    way = await openCuttableWay(server.url);
    const { machine, image } = server.admin;
    const added = await machine.add.mutate({ ...engine.endpoint, allow_insecure: true, name: "gpu-1" });
    machineId = added.machine_id;
    await image.add.mutate({ name: "public/busybox:1", reference: "berth-test/busybox:latest" });
    containerId = (await createContainer("speaks", SPEAK)).container_id;
    const phase = async () => (await server.admin.container.get.query({ container_id: containerId })).phase;
    await waitUntil("a container to run", 30_000, async () => (await phase()) === "Running");
  });
  afterAll(async () => {
    await browser?.close();
    await way?.close();
    await reconciler?.stop();
    await server?.stop();
    await engine?.close();
    await postgres?.remove();
  });

  async function createContainer(name: string, command = ["sleep", "1000"]) {
    const wish = { name, image: "public/busybox:1", machine_id: machineId, command };
    return server.admin.container.create.mutate(wish);
  }

  /** A user's browser with somebody at work in it, as admin, who sees the containers of all. */
  async function openBrowser(url: string): Promise<{ user: BrowserUser; first: ConsoleTab }> {
    const user = await BrowserUser.open(browser, { url, locale: "en-GB" });
    onTestFinished(() => user.close());
    const first = await user.openTab();
    await first.signIn(ADMIN);
    return { user, first };
  }

  interface Fault {
    name: string;
    /** Whether the browser comes by the way that can be cut. */
    byWay?: boolean;
    /** Whether shells end by it. */
    endsShells?: boolean;
    /** What the pages say of it (default that the connection is lost). */
    says?: keyof typeof en.connection;
    begin(): Promise<void> | void;
    end(): Promise<void> | void;
  }
  const faults: Fault[] = [
    {
      name: "the server is killed",
      endsShells: true,
      begin: () => server.kill(),
      async end() {
        const { secret_key: secretKey, url } = server;
        server = await startApiServer({ databaseUrl: postgres.url, secretKey, port: Number(new URL(url).port) });
      },
    },
    { name: "the database is killed", says: "unavailable", begin: () => postgres.kill(), end: () => postgres.start() },
    { name: "the network loses everything", byWay: true, begin: () => way.stall(), end: () => way.mend() },
    { name: "the port is closed", byWay: true, begin: () => way.refuse(), end: () => way.mend() },
  ];

  test.each(faults)("$name: all pages say so, keep what was typed, and go on by themselves", async (fault) => {
    const { user, first: form } = await openBrowser(fault.byWay ? way.url : server.url);
    const { connection, containers } = user.texts;
    const notice = connection[fault.says ?? "lost"];
    await form.page.goto("/containers/new");
    const [terminal, log, list] = await Promise.all([
      user.openTab(`/containers/${containerId}`),
      user.openTab(`/containers/${containerId}?tab=logs`),
      user.openTab("/containers?scope=all"),
    ]);
    await form.page.getByLabel(containers.new_name, { exact: true }).fill("half-typed");
    await terminal.openTerminal();
    // Seen by the shell: what is still on its way when the network goes is lost.
    await terminal.type("WORD=kept-by-the-shell; echo $WORD-first", "kept-by-the-shell-first");
    await log.page.getByRole("log").getByText("line").first().waitFor();
    await list.page.getByRole("link", { name: "speaks" }).waitFor();

    await fault.begin();
    let isOver = false;
    const end = async (): Promise<void> => {
      if (!isOver) await fault.end();
      isOver = true;
    };
    onTestFinished(end);
    for (const tab of user.tabs) {
      await tab.page.locator(".connection").getByText(notice).waitFor({ timeout: TOLD_MS });
    }
    if (fault.says === undefined) {
      await terminal.page.getByText(containers.reconnecting).waitFor({ timeout: TOLD_MS });
      await log.page.getByText(containers.reconnecting).waitFor({ timeout: TOLD_MS });
    }
    // What was read before is still there.
    await list.page.getByRole("link", { name: "speaks" }).waitFor();

    await end();
    const { container_id } = await createContainer(`after-${faults.indexOf(fault)}`);
    for (const tab of user.tabs) {
      await tab.page.locator(".connection:empty").waitFor({ state: "attached", timeout: BACK_MS });
    }
    await list.page.getByRole("link", { name: `after-${faults.indexOf(fault)}` }).waitFor({ timeout: BACK_MS });
    expect(await form.page.getByLabel(containers.new_name, { exact: true }).inputValue()).toBe("half-typed");
    await form.choose(containers.new_image, "public/busybox:1");

    await terminal.terminalIsBack(BACK_MS);
    if (fault.endsShells) await terminal.terminalSays(containers.terminal_new);
    await terminal.type("echo [$WORD]", fault.endsShells ? "[]" : "[kept-by-the-shell]");
    const said = await log.page.getByRole("log").innerText();
    await expect.poll(() => log.page.getByRole("log").innerText(), { timeout: BACK_MS }).not.toBe(said);

    for (const tab of user.tabs) expect(await tab.page.locator(".ant-message-notice").count()).toBe(0);
    expect(user.told.filter((line) => !BROWSERS_OWN.test(line))).toEqual([]);
    await server.admin.container.delete.mutate({ container_id });
  });

  test("sockets that are cut come back, and the shell goes on", async () => {
    const { user, first: terminal } = await openBrowser(way.url);
    await terminal.page.goto(`/containers/${containerId}`);
    await terminal.openTerminal();
    // Seen by the shell: what is still on its way when the network goes is lost.
    await terminal.type("WORD=kept-by-the-shell; echo $WORD-first", "kept-by-the-shell-first");
    // For as long as it takes to see it.
    await way.refuse();
    onTestFinished(() => way.mend());
    await terminal.page.getByText(user.texts.containers.reconnecting).waitFor();
    await way.mend();
    await terminal.terminalIsBack(BACK_MS);
    await terminal.type("echo [$WORD]", "[kept-by-the-shell]");
    expect(user.told.filter((line) => !BROWSERS_OWN.test(line))).toEqual([]);
  });

  test("a form that is sent while the server is away says so, keeps what was typed, and is sent once it is back", async () => {
    const { user, first: form } = await openBrowser(way.url);
    const { containers, failure } = user.texts;
    await form.page.goto("/containers/new");
    await form.choose(containers.new_image, "public/busybox:1");
    await form.page.getByLabel(containers.new_name, { exact: true }).fill("sent-twice");
    await way.refuse();
    onTestFinished(() => way.mend());
    await form.button(containers.new_submit).click();
    await form.page.getByRole("alert").getByText(failure.not_sent).waitFor();
    await way.mend();
    await form.button(containers.new_submit).click();
    await form.heading("sent-twice").waitFor();
    await form.remove();
  });

  test("a photo and a build that can't be sent say the same as a form", async () => {
    const { user, first: tab } = await openBrowser(way.url);
    const { builds, failure, profile } = user.texts;
    const photos = await user.openTab("/profile");
    await photos.button(profile.upload_photo).waitFor();
    await tab.page.goto("/images/build");
    await tab.page.getByRole("textbox", { name: builds.dockerfile, exact: true }).fill("FROM scratch");
    await tab.page.getByLabel(builds.name, { exact: true }).fill("public/never-sent:1");
    await way.refuse();
    onTestFinished(() => way.mend());
    await tab.button(builds.submit_build).click();
    await tab.page.getByRole("alert").getByText(failure.not_sent).waitFor();
    const photo = { name: "me.png", mimeType: "image/png", buffer: Buffer.from("not looked at") };
    await photos.page.locator("input[type=file]").setInputFiles(photo);
    await photos.page.getByRole("alert").getByText(failure.not_sent).waitFor();
  });

  test("a page that is loaded while the database is away signs nobody out, and shows itself once it is back", async () => {
    const { user, first: page } = await openBrowser(server.url);
    await postgres.kill();
    await page.page.goto("/containers?scope=all");
    await page.page.getByText(user.texts.connection.lost).waitFor({ timeout: TOLD_MS });
    await postgres.start();
    await page.page.getByRole("link", { name: "speaks" }).waitFor({ timeout: BACK_MS });
    expect(await page.dialog.count()).toBe(0);
    expect(user.told.filter((line) => !BROWSERS_OWN.test(line))).toEqual([]);
  });

  test("two tabs whose access token has ended get another, and nobody is asked to sign in", async () => {
    const { user, first } = await openBrowser(server.url);
    const second = await user.openTab("/containers?scope=all");
    await second.page.getByRole("link", { name: "speaks" }).waitFor();
    const renewals: string[] = [];
    user.context.on("response", (response) => {
      if (response.url().endsWith("/api/auth/refresh")) renewals.push(`${response.status()}`);
    });
    const anHourLater = Date.now() + 3_600_000;
    await Promise.all(user.tabs.map(({ page }) => page.clock.setFixedTime(anHourLater)));
    await first.go("containers");
    await second.go("images");
    await first.page.getByRole("link", { name: "speaks" }).waitFor();
    await second.heading(user.texts.images.title).waitFor(); // the list of containers names the image, too
    await second.page.getByText("public/busybox:1").waitFor();
    expect(renewals.length).toBeGreaterThanOrEqual(2);
    expect(new Set(renewals)).toEqual(new Set(["200"]));
    for (const tab of user.tabs) expect(await tab.dialog.count()).toBe(0);
    expect(user.told).toEqual([]);
  });
});

const SPEAK = ["sh", "-c", "while true; do echo line; sleep 1; done"];
