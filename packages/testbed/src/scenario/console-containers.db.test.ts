import type { BerthClient } from "@berth/api/client.ts";
import { en } from "@berth/web/locales/en.ts";
import { zh } from "@berth/web/locales/zh.ts";
import type { Browser, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { ConsoleTab } from "../console/console-tab.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { passwordOf } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";
import { Scene } from "./scene.ts";

vi.setConfig({ testTimeout: 240_000 });
const PATIENCE_MS = 60_000;
/** In a terminal: a word that alone is coloured, and what is selected. */
const BRIGHT = ".xterm-rows span[class*=xterm-fg], .xterm-rows span[style*=color]";
const SELECTION = ".xterm-selection div:first-child";

/** What a user does with a container, in a real browser on a simulated machine with two GPUs. */
describe.skipIf(!hasChromium())("containers in the console", () => {
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
    scene = await Scene.open(berth, engine);
    await berth.admin.storage.create.mutate({ name: "homes", kind: "home" });
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  /** Somebody new, and a page of their browser. */
  async function openAs(account: string, locale = "en-GB"): Promise<{ page: Page; owner: BerthClient }> {
    const owner = await berth.server.registerUser(account);
    const context = await browser.newContext({ locale, baseURL: berth.server.url });
    context.setDefaultTimeout(PATIENCE_MS);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto("/login");
    await page.locator("#account").fill(account);
    await page.locator("#password").fill(passwordOf(account));
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
    return { page, owner };
  }

  test.each([
    ["zh-CN", zh],
    ["en-GB", en],
  ])(
    "in %s, what is edited keeps what is inside, is restored, and is deleted with all that is lost named",
    async (locale, texts) => {
      const { page, owner } = await openAs(`editor-${locale.toLowerCase()}`, locale);
      const form = texts.container_form;
      const dialog = texts.container_dialog;
      const wish = { name: "edited", memory: 512, mounts: [{ storage: "homes", path: "/data", read_only: false }] };
      const box = await scene.run({ ...wish, ports: [{ name: "ssh", kind: "ssh", container_port: 22 }] }, owner);
      const made = await box.see();

      // In place: nothing is asked.
      await page.goto(`/containers/${box.container_id}/edit`);
      await page.getByText(form.no_change).waitFor();
      await page.getByLabel(texts.containers.new_memory).fill("1024");
      await page.getByText(form.in_place.replace("{{fields}}", form.field.memory)).waitFor();
      await page.getByRole("button", { name: texts.common.save, exact: true }).click();
      await page.getByRole("heading", { name: "edited", level: 1, exact: true }).waitFor();
      expect((await box.reaches("Running")).spec).toEqual({ ...made.spec, memory: 1_024 });

      // What an engine fixes: made anew, with what is inside.
      await page.goto(`/containers/${box.container_id}/edit`);
      await page.getByLabel(form.shm).fill("256");
      await page.getByText(form.needs_recreate.replace("{{fields}}", form.field.shm)).waitFor();
      expect(await page.getByRole("radio", { name: new RegExp(`^${dialog.preserve}`) }).isChecked()).toBe(true);
      await page.getByRole("button", { name: form.save_and_recreate }).click();
      await page.getByRole("button", { name: dialog.restore }).waitFor();
      const anew = await box.reaches("Running");
      expect(anew).toMatchObject({ spec: { shm: 256 }, image: expect.stringContaining("/edited:keep-") });

      await page.getByRole("button", { name: texts.containers.remove }).click();
      const asked = page.getByRole("dialog");
      await asked.getByText(dialog.lost_files_since.replace("{{image}}", anew.image)).waitFor();
      const told = await asked.innerText();
      expect(told).toContain(dialog.lost_run);
      expect(told).toContain(
        locale === "en-GB" ? dialog.lost_held_one : dialog.lost_held_other.replace("{{count}}", "1"),
      );
      expect(told).toContain(dialog.stays_images.replace("{{names}}", anew.image));
      expect(told).toContain(dialog.stays_mount.replace("{{storage}}", "homes").replace("{{path}}", "/data"));
      await asked.getByRole("button", { name: texts.common.cancel }).click();
      await asked.waitFor({ state: "hidden" });

      await page.getByRole("button", { name: dialog.restore }).click();
      await asked.getByRole("button", { name: dialog.restore }).click();
      await box.until("what it was before", ({ spec, phase }) => spec.shm === null && phase === "Running");
      expect((await box.reaches("Running")).image).toBe(made.image);

      await page.getByRole("button", { name: texts.containers.remove }).click();
      await asked.getByRole("button", { name: texts.containers.remove }).click();
      await box.isGone();
    },
  );

  test("a start whose GPUs are another's tells whose, waits in line, and starts when they are free", async () => {
    const { page, owner } = await openAs("patient");
    const other = await berth.server.registerUser("quick");
    const own = await scene.run({ name: "own", gpu_count: 2 }, owner);
    await owner.container.stop.mutate(own.ref);
    await own.reaches("Stopped");
    const thief = await scene.run({ name: "secret-name", gpu_count: 1 }, other);

    await page.goto(`/containers/${own.container_id}`);
    await page.getByRole("button", { name: en.containers.start, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("quick", { exact: true }).waitFor();
    expect(await dialog.innerText()).not.toContain("secret-name");
    await dialog.getByRole("radio", { name: en.container_dialog.busy.wait.name }).check();
    await dialog.getByRole("button", { name: en.container_dialog.busy.wait.do }).click();
    await page.getByText(en.containers.place.replace("{{place}}", "1")).first().waitFor();
    await page.getByRole("button", { name: en.container.leave_line }).waitFor();
    expect(await own.see()).toMatchObject({ phase: "Waiting", waiting: { place: 1 } });

    await other.container.delete.mutate(thief.ref);
    await page.locator(".state-panel").getByText(en.containers.phase.Running, { exact: true }).waitFor();
    expect(await own.reaches("Running")).toMatchObject({ gpus: [{ index: 0 }, { index: 1 }] });
    await owner.container.delete.mutate(own.ref);
    await own.isGone();
  });

  test("a start whose GPUs are another's is made anew without any where its owner says so", async () => {
    const { page, owner } = await openAs("modest");
    const own = await scene.run({ name: "own", gpu_count: 2 }, owner);
    await owner.container.stop.mutate(own.ref);
    await own.reaches("Stopped");
    const thief = await scene.run({ gpu_count: 1 });

    // From the list as well as from its own page.
    await page.goto("/containers");
    await page.getByRole("button", { name: `${en.common.more}: own` }).click();
    await page.getByRole("menuitem", { name: en.containers.start, exact: true }).click();
    const dialog = page.getByRole("dialog");
    const { without_gpu } = en.container_dialog.busy;
    await dialog.getByRole("radio", { name: without_gpu.name }).check();
    await dialog.getByRole("radio", { name: en.container_dialog.discard }).check();
    await dialog.getByRole("button", { name: without_gpu.do }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(await own.reaches("Running")).toMatchObject({ gpus: [], spec: { gpu_count: 0 }, held: [{}] });
    for (const container of [own, thief]) await container.owner.container.delete.mutate(container.ref);
    await own.isGone();
  });

  test("a stop from the list is shown there at once, whatever is being asked for, and as it is once it was answered", async () => {
    const { page, owner } = await openAs("prompt");
    const box = await scene.run({ name: "prompt" }, owner);
    await page.goto("/containers");
    const row = page.getByRole("row", { name: "prompt" });
    await row.getByText(en.containers.phase.Running, { exact: true }).waitFor();

    // Nothing is answered until then.
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    await page.route(/\/trpc\/.*container\.(list|stop)/, async (route) => {
      await answered;
      await route.continue();
    });
    const asked = page.waitForRequest(/\/trpc\/.*container\.list/);
    await owner.container.update.mutate({ ...box.ref, display_name: "Prompt" });
    await asked;
    await row.getByRole("button", { name: `${en.common.more}: prompt` }).click();
    await page.getByRole("menuitem", { name: en.containers.stop, exact: true }).click();
    await row.getByText(en.containers.phase.Stopping, { exact: true }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);

    answer();
    await row.getByText(en.containers.phase.Stopped, { exact: true }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);

    // What is refused was not so.
    const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
    await page.route(/\/trpc\/.*container\.start/, async (route) => {
      await failed;
      await route.abort();
    });
    await row.getByRole("button", { name: `${en.common.more}: prompt` }).click();
    await page.getByRole("menuitem", { name: en.containers.start, exact: true }).click();
    await row.getByText(en.containers.phase.Pending, { exact: true }).waitFor();
    fail();
    await row.getByText(en.containers.phase.Stopped, { exact: true }).waitFor();
    await owner.container.delete.mutate(box.ref);
    await box.isGone();
  });

  test("a new container's GPU is chosen by a click on the machine where one is free", async () => {
    const { page, owner } = await openAs("chooser");
    await page.goto("/containers/new");
    const aside = page.getByRole("complementary", { name: en.container_form.aside });
    const [machine] = (await owner.machine.list.query({})).items;
    const free = en.containers.new_gpu_free.replace("{{free}}", "2").replace("{{total}}", "2");
    const place = aside.getByRole("button", { name: machine!.name });
    await place.getByText(free).waitFor();
    await place.click();
    expect(await place.getAttribute("aria-pressed")).toBe("true");
    await page.getByLabel(en.containers.new_image, { exact: true }).click();
    await page.getByText("public/busybox:latest").last().click();
    await page.getByLabel(en.containers.new_name, { exact: true }).fill("chosen");
    await page.getByRole("button", { name: en.containers.new_submit }).click();
    await page.getByRole("heading", { name: "chosen", level: 1 }).waitFor();
    const [made] = (await owner.container.list.query({})).items;
    expect(made).toMatchObject({
      machine_id: machine!.machine_id,
      spec: { gpu_type: machine!.gpus[0]!.type, gpu_count: 1 },
      gpus: [{ index: 0 }],
    });
    await owner.container.delete.mutate({ container_id: made!.container_id });
  });

  test("a new container has what its image says of it, and nothing of an image that was chosen before", async () => {
    const { page, owner } = await openAs("undecided");
    const { add } = berth.admin.image;
    const reference = "berth-test/busybox:latest";
    const ports = [{ name: "jupyter", kind: "http" as const, container_port: 8_888 }];
    const create_params = { command: ["sleep", "7"], ports, memory: 512, gpu_count: 1 };
    await add.mutate({ name: "public/first:1", reference, create_params });
    await add.mutate({ name: "public/second:1", reference, create_params: { command: ["sleep", "1000"], shm: 32 } });

    await page.goto("/containers/new");
    const choose = async (image: string): Promise<void> => {
      await page.getByLabel(en.containers.new_image, { exact: true }).click();
      await page.getByText(image).last().click();
    };
    await choose("public/first:1");
    await page.getByText(en.containers.new_more).click();
    const memory = page.getByLabel(en.containers.new_memory, { exact: true });
    await vi.waitFor(async () => expect(await memory.inputValue()).toBe("512"), PATIENCE_MS);
    await page.getByLabel(en.container_form.working_dir, { exact: true }).fill("/tmp");
    await choose("public/second:1");
    await vi.waitFor(async () => expect(await memory.inputValue()).toBe(""), PATIENCE_MS);
    await page.getByLabel(en.containers.new_name, { exact: true }).fill("decided");
    await page.getByRole("button", { name: en.containers.new_submit }).click();
    await page.getByRole("heading", { name: "decided", level: 1 }).waitFor();
    const [made] = (await owner.container.list.query({})).items;
    expect(made!.spec).toMatchObject({
      command: ["sleep", "1000"],
      ports: [],
      memory: null,
      gpu_count: 0,
      shm: 32,
      working_dir: "/tmp",
    });
    await owner.container.delete.mutate({ container_id: made!.container_id });
  });

  test.each([
    ["zh-CN", zh],
    ["en-GB", en],
  ])(
    "in %s, a new container's faults are told beside their fields, and nothing is made before",
    async (locale, texts) => {
      const { page, owner } = await openAs(`maker-${locale.toLowerCase()}`, locale);
      const form = texts.container_form;
      await page.goto("/containers/new");
      await page.getByLabel(texts.containers.new_name, { exact: true }).fill("Not_A_Name");
      await page.getByText(texts.containers.new_more).click();
      await page.getByRole("button", { name: form.port_add }).click();
      await page.getByRole("button", { name: texts.containers.new_submit }).click();
      const besides = (label: string) =>
        page
          .locator(".ant-form-item", { has: page.getByLabel(label, { exact: true }) })
          .locator(".ant-form-item-explain-error");
      await vi.waitFor(async () => {
        expect(await besides(texts.containers.new_name).allInnerTexts()).toEqual([form.fault.name]);
        expect(await besides(texts.containers.new_image).allInnerTexts()).toEqual([form.fault.image]);
        expect(await besides(form.port_name).allInnerTexts()).toEqual([form.fault.port_name]);
      }, PATIENCE_MS);
      expect((await owner.container.list.query({})).items).toEqual([]);

      await page.getByLabel(texts.containers.new_name, { exact: true }).fill("made");
      await page.getByLabel(form.port_name, { exact: true }).fill("jupyter");
      await page.getByLabel(texts.containers.new_image, { exact: true }).click();
      await page.getByText("public/busybox:latest").last().click();
      await page.getByLabel(texts.containers.new_command, { exact: true }).fill("sleep\n1000");
      await page.getByRole("button", { name: form.mount_add }).click();
      await page.getByRole("button", { name: texts.containers.new_submit }).click();
      await page.getByRole("heading", { name: "made", level: 1 }).waitFor();
      const [made] = (await owner.container.list.query({})).items;
      expect(made).toMatchObject({
        name: "made",
        spec: {
          command: ["sleep", "1000"],
          ports: [{ name: "jupyter", kind: "http", container_port: 8_888 }],
          mounts: [{ storage: "homes" }],
        },
      });
      await page.getByRole("tab", { name: texts.containers.tabs.logs }).waitFor();
    },
  );

  test("a shell goes on while other tabs and pages are looked at, and over a reload; where it is gone, that is said", async () => {
    const { page, owner } = await openAs("typist");
    const box = await scene.run({ name: "typed" }, owner);
    await box.shell("echo '\u001B[6n' > /tmp/question");
    const answers: string[] = [];
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        if (String(payload).startsWith("\u001B[")) answers.push(String(payload));
      }),
    );
    await page.goto(`/containers/${box.container_id}`);
    const tab = new ConsoleTab(page, en);
    await tab.openTerminal();
    await tab.type("WORD=kept");
    // It asks where the cursor is, and is answered: once, however often the question is shown again.
    await tab.type("cat /tmp/question");
    await vi.waitFor(() => expect(answers).toHaveLength(1), PATIENCE_MS);
    await page.keyboard.press("Enter");
    await tab.type("echo $WORD-first", "kept-first");

    await page.getByRole("tab", { name: en.containers.tabs.logs }).click();
    await page.getByRole("log").waitFor();
    await page.getByRole("tab", { name: en.containers.tabs.terminal }).click();
    await tab.terminalSays("kept-first");
    await tab.type("echo $WORD-beside", "kept-beside");

    await page.reload();
    await tab.terminalSays("kept-beside");
    await tab.type("echo $WORD-reloaded", "kept-reloaded");

    await tab.go("containers");
    await page.getByRole("link", { name: "typed" }).click();
    await tab.openTerminal();
    await tab.terminalSays("kept-reloaded");
    await tab.type("echo $WORD-back", "kept-back");

    await page.evaluate("for (const key of Object.keys(sessionStorage)) sessionStorage[key] = crypto.randomUUID()");
    await page.reload();
    await tab.terminalSays(en.containers.terminal_new);
    await tab.type("echo [$WORD]", "[]");
    expect(answers).toHaveLength(1);
    await owner.container.delete.mutate(box.ref);
    await box.isGone();
  });

  test("a shell that has printed nothing takes what is typed after a loss", async () => {
    const { page, owner } = await openAs("silent");
    const box = await scene.run({ name: "silent" }, owner);
    const terminal_id = crypto.randomUUID();
    const typed: string[] = [];
    let isAway = false;
    let lose = (): void => {};
    await page.routeWebSocket(/\/terminal\?/, (socket) => {
      lose = () => void socket.close({ code: 1001 });
      socket.onMessage((message) => {
        if (isAway) return lose();
        if (typeof message !== "string") typed.push(message.toString());
        else if (message.includes("access_token")) {
          socket.send(JSON.stringify({ type: "opened", terminal_id, replay: false }));
        }
      });
    });
    await page.goto(`/containers/${box.container_id}`);
    await page.getByRole("tab", { name: en.containers.tabs.terminal }).click();
    const keys = page.locator(".xterm-helper-textarea");
    const type = (word: string): Promise<void> =>
      vi.waitFor(async () => {
        await keys.press(word);
        expect(typed).toContain(word);
      }, PATIENCE_MS);
    await type("a");
    isAway = true;
    lose();
    await page.getByText(en.containers.reconnecting).waitFor();
    isAway = false;
    await new ConsoleTab(page, en).terminalIsBack(PATIENCE_MS);
    await type("b");
    await owner.container.delete.mutate(box.ref);
    await box.isGone();
  });

  test("a log whose end or refusal comes right behind its last line says so", async () => {
    const { page, owner } = await openAs("listener");
    const box = await scene.run({ name: "short" }, owner);
    const message = "The connection to the machine was lost.";
    let isRefused = false;
    await page.routeWebSocket(/\/logs\?/, (socket) =>
      socket.onMessage(() => {
        socket.send(Buffer.from("last words\n"));
        if (isRefused) socket.send(JSON.stringify({ type: "error", error: { code: "UNPROCESSABLE", message } }));
        void socket.close({ code: isRefused ? 4_422 : 1_000 });
      }),
    );
    for (const said of [en.containers.log_end, message]) {
      isRefused = said === message;
      await page.goto(`/containers/${box.container_id}?tab=logs`);
      await page.getByRole("log").getByText("last words").waitFor();
      await page.getByText(said).waitFor();
    }
    await owner.container.delete.mutate(box.ref);
    await box.isGone();
  });

  test("what a terminal shows can be read in light and in dark, and so can what is selected there", async () => {
    const { page, owner } = await openAs("painter");
    const box = await scene.run({ name: "painted" }, owner);
    await box.shell("echo '\u001B[93mbright\u001B[0m' > /tmp/bright");
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`/containers/${box.container_id}`);
    const tab = new ConsoleTab(page, en);
    await tab.openTerminal();
    await tab.type("cat /tmp/bright", "bright");
    const bright = page.locator(BRIGHT);
    const colourOf = (selector: string, property: "color" | "background-color"): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).getPropertyValue("${property}")`);
    const isReadable = async (paper: string): Promise<void> => {
      expect(await colourOf(".xterm-scrollable-element", "background-color")).toBe(paper);
      expect(contrast(await colourOf(BRIGHT, "color"), paper)).toBeGreaterThanOrEqual(4.5);
    };
    const [light, dark] = ["rgb(244, 247, 248)", "rgb(14, 21, 25)"];
    await vi.waitFor(() => isReadable(light), PATIENCE_MS);

    const above = { force: true }; // the pointer's events are those of the screen above the text
    await bright.dblclick(above);
    await page.locator(SELECTION).waitFor();
    const marked = await colourOf(SELECTION, "background-color");
    expect(contrast(marked, light)).toBeGreaterThan(1.3);
    await vi.waitFor(async () => {
      expect(contrast(await colourOf(BRIGHT, "color"), marked)).toBeGreaterThanOrEqual(4.5);
    }, PATIENCE_MS);
    await bright.click(above);

    await page.emulateMedia({ colorScheme: "dark" });
    await vi.waitFor(() => isReadable(dark), PATIENCE_MS);
    await owner.container.delete.mutate(box.ref);
    await box.isGone();
  });

  test("in Chinese, what the server refuses and what it tells of a container is Chinese", async () => {
    const { page, owner } = await openAs("reader", "zh-CN");
    const first = await scene.run({ name: "first", gpu_count: 1 }, owner);
    const second = await scene.create({ name: "second", gpu_count: 2 }, owner);
    const [machine] = (await owner.machine.list.query({})).items;

    await page.goto(`/containers/${first.container_id}?tab=events`);
    await page.getByText("已启动（没有在运行）。").waitFor();
    await page.goto(`/containers/${second.container_id}`);
    const state = page.locator(".state-panel");
    await state.getByText(new RegExp(`^它需要 ${machine!.name} 上的 2 × .*，现在只有 1 块可用。$`)).waitFor();

    await page.goto(`/containers/${second.container_id}/edit`);
    await page.getByLabel(zh.containers.new_name, { exact: true }).fill("first");
    await page.getByRole("button", { name: zh.common.save, exact: true }).click();
    await page.getByRole("alert").getByText("你已经有容器 first 了。").waitFor();

    // What is there already is said anew in the language that is chosen.
    await page.goto(`/containers/${second.container_id}`);
    await state.getByText("它需要").waitFor();
    await page.getByRole("button", { name: zh.nav.account }).click();
    await page.getByRole("menuitem", { name: zh.language.en }).click();
    await state.getByText(/^It needs 2 × .*; 1 of them can be had now\.$/).waitFor();
    for (const container of [first, second]) await owner.container.delete.mutate(container.ref);
    await first.isGone();
  });
});

/** Of two colours as a browser says them, from 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
