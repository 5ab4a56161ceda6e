import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { en } from "@berth/web/locales/en.ts";
import { zh } from "@berth/web/locales/zh.ts";
import type { Browser, Page } from "playwright-core";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { ADMIN, passwordOf } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { recordRegistry } from "./record-registry.ts";
import { type ScenarioEngine, startScenarioSimulation } from "./scenario-engine.ts";

vi.setConfig({ testTimeout: 180_000 });

/** The built console in a real browser, on a simulated machine that builds, with a registry that is simulated too. */
describe.skipIf(!hasChromium())("images in the console", () => {
  let berth: Berth;
  let engine: ScenarioEngine;
  let browser: Browser;
  let base_id: number;
  beforeAll(async () => {
    [berth, engine, browser] = await Promise.all([
      startBerth(),
      startScenarioSimulation("simulated", { isServed: true }),
      launchChromium(),
    ]);
    await recordRegistry(berth, { address: engine.registry });
    const machine = { ...engine.endpoint, allow_insecure: true, name: "gpu-1", is_builder: true };
    await berth.admin.machine.add.mutate(machine);
    const base = { name: "public/busybox:1", reference: "berth-test/busybox:latest" };
    base_id = (await berth.admin.image.add.mutate(base)).image_id;
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.close();
    await engine?.close();
  });

  async function openAs(person: { account: string; password: string }, locale = "en-GB"): Promise<Page> {
    const context = await browser.newContext({ locale, baseURL: berth.server.url });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto("/login");
    await page.locator("#account").fill(person.account);
    await page.locator("#password").fill(person.password);
    await page.locator("button[type=submit]").click();
    await page.locator(".top-bar").waitFor();
    return page;
  }

  const editorOf = (page: Page) => page.getByRole("textbox", { name: en.builds.dockerfile, exact: true });
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const phaseOf = async (name: string): Promise<string | undefined> =>
    (await berth.admin.image.list.query({ limit: 500 })).items.find((image) => image.name === name)?.phase;

  test("an image is built from a typed Dockerfile and a folder, its log is told while it is built, and it starts", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-context-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, "src"));
    await writeFile(join(folder, "src/greeting.txt"), "from the folder\n");
    const page = await openAs(ADMIN);
    await page.goto("/images");
    await press(page, en.builds.add);
    await page.getByText(en.builds.build_hint).click();
    const lines = ["FROM public/busybox:1", "COPY src /src", "RUN cat /src/greeting.txt; sleep 8"];
    await editorOf(page).fill(lines.join("\n"));
    await page.locator("input[webkitdirectory]").setInputFiles(folder);
    await page.getByText("1 files").waitFor();
    await page.getByLabel(en.builds.name, { exact: true }).fill("public/typed:1");
    await press(page, en.builds.submit_build);

    await page.getByRole("log").getByText("from the folder").waitFor();
    expect(await phaseOf("public/typed:1")).toBe("Building");
    await page.getByText(en.images.phase.Ready, { exact: true }).waitFor();
    await page.getByText(en.image.log_end).waitFor();

    await page.getByRole("tab", { name: en.image.tabs.overview }).click();
    await page.getByText(`docker pull ${engine.registry}/public/typed:1`).waitFor();
    await page.getByRole("link", { name: "public/busybox:1" }).waitFor();
    await page.getByRole("tab", { name: en.image.tabs.machines }).click();
    await page.getByRole("cell", { name: "gpu-1" }).waitFor();
    await page.getByRole("link", { name: en.image.start }).click();
    await page.getByRole("heading", { name: en.containers.new_title }).waitFor();
    await page.getByText("public/typed:1").waitFor();
  });

  test("what a recreate has kept on its machine is not offered to be pulled, prewarmed or published", async () => {
    const { container } = berth.admin;
    const wish = { name: "kept", image: "public/busybox:1", command: ["sleep", "1000"] };
    const { container_id } = await container.create.mutate(wish);
    const phase = async () => (await container.get.query({ container_id })).phase;
    await expect.poll(phase, { timeout: 20_000 }).toBe("Running");
    const { image, image_id } = await container.update.mutate({ container_id, shm: 128, recreate: "preserve" });
    await expect.poll(() => phaseOf(image), { timeout: 20_000 }).toBe("Ready");
    const page = await openAs(ADMIN);
    await page.goto(`/images/${image_id}`);
    await page.getByText(en.image.on_one_machine).waitFor();
    await page.getByRole("button", { name: en.images.remove }).waitFor();
    for (const name of [en.image.prewarm, en.image.publish]) {
      expect(await page.getByRole("button", { name, exact: true }).count()).toBe(0);
    }
    expect(await page.getByText("docker pull").count()).toBe(0);
    await berth.deleteContainers();
  });

  test("a build that fails says its line, and is built again from what was typed", async () => {
    const page = await openAs(ADMIN);
    await page.goto("/images/build");
    const wrong = ["FROM public/busybox:1", "# here", "RUN echo fine && \\", "  echo well", "RUN echo almost; exit 7"];
    await editorOf(page).fill(wrong.join("\n"));
    await page.getByLabel(en.builds.name, { exact: true }).fill("public/again:1");
    await page.reload(); // a draft is still there after that
    await page.getByText(en.builds.draft_kept).waitFor();
    await press(page, en.builds.submit_build);
    await page.waitForURL(/\/images\/\d+/);
    await page.getByRole("heading", { name: en.image.failed_at_line.replace("{{line}}", "5") }).waitFor();
    await page.getByRole("alert").getByText("returned a non-zero code: 7").waitFor();

    await press(page, en.image.build_again);
    await page.locator(".faulty-line", { hasText: "exit 7" }).waitFor();
    // What the server refuses is marked, too, and nothing of it is made.
    await editorOf(page).fill("FROM public/busybox:1\nRUN --mount=type=cache,target=/x echo well");
    await press(page, en.builds.submit_build);
    await page.locator(".faulty-line", { hasText: "--mount" }).waitFor();
    await page.getByRole("alert").getByText("dockerfile, line 2").waitFor();
    await editorOf(page).fill("FROM public/busybox:1\nRUN echo well");
    await press(page, en.builds.submit_build);
    await page.getByText(en.images.phase.Ready, { exact: true }).waitFor();
    expect(await phaseOf("public/again:1")).toBe("Ready");
  });

  test("files that are being sent are told in bytes, and nothing is left of those that are cancelled", async () => {
    const page = await openAs(ADMIN);
    await page.goto("/images/build");
    await editorOf(page).fill("FROM public/busybox:1\nCOPY . /all");
    await page.getByLabel(en.builds.name, { exact: true }).fill("public/cancelled:1");
    const archive = { mimeType: "application/x-tar", buffer: Buffer.alloc(4_000_000) };
    const files = page.locator("input[type=file]").first();
    await files.setInputFiles({ ...archive, name: "files.rar" });
    await page.getByText(en.builds.faults.context_kind).waitFor();
    await files.setInputFiles({ ...archive, name: "files.tar" });
    await page.getByText("files.tar (4.0 MB)").waitFor();
    const network = await page.context().newCDPSession(page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 };
    await network.send("Network.emulateNetworkConditions", slow);
    await press(page, en.builds.submit_build);
    await page.getByText(/^Uploading .* of 4\.0 MB$/).waitFor();
    await press(page, en.builds.upload_cancel);
    await page.getByText(en.builds.upload_cancelled).waitFor();
    expect(await editorOf(page).textContent()).toContain("COPY . /all");
    expect(await phaseOf("public/cancelled:1")).toBeUndefined();
  });

  test("a session that ends keeps what was typed for a build", async () => {
    const account = "chen";
    await berth.server.registerUser(account);
    const { user_id } = await berth.admin.user.get_user.query({ account });
    await berth.admin.user.update.mutate({ user_id, role: "admin" });
    const page = await openAs({ account, password: passwordOf(account) });
    await page.goto("/images/build");
    await editorOf(page).fill("FROM public/busybox:1\nRUN echo kept");
    await page.getByLabel(en.builds.name, { exact: true }).fill("public/kept:1");
    await berth.query("UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = $1", [user_id]);
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(en.auth.account).fill(account);
    await dialog.getByLabel(en.auth.password).fill(passwordOf(account));
    await dialog.getByRole("button", { name: en.auth.sign_in }).click();
    await dialog.waitFor({ state: "hidden" });
    await press(page, en.builds.submit_build);
    await page.getByText(en.images.phase.Ready, { exact: true }).waitFor();
    expect(await phaseOf("public/kept:1")).toBe("Ready");
  });

  test("an image of another registry is mirrored, and is what the registry holds", async () => {
    const page = await openAs(ADMIN, "zh-CN");
    await page.goto("/images/mirror");
    await page.getByLabel(zh.builds.reference, { exact: true }).fill(`${engine.registry}/berth-test/busybox:derived`);
    await page.getByLabel(zh.builds.name, { exact: true }).fill("public/mirrored:1");
    await press(page, zh.builds.submit_mirror);
    await page.getByText(zh.images.phase.Ready, { exact: true }).waitFor();
    await page.goto("/registry");
    const row = page.getByRole("row").filter({ hasText: "public/mirrored:1" });
    await row.getByText(zh.registry.known, { exact: true }).waitFor();
    await row.getByRole("link").click();
    await page.getByRole("heading", { name: "public/mirrored:1" }).waitFor();
  });

  test("deleting an image that is needed is refused with the way to what needs it", async () => {
    const wish = { name: "needs-it", image_id: base_id, command: ["sleep", "1000"] };
    await berth.admin.container.create.mutate(wish);
    const page = await openAs(ADMIN);
    await page.goto(`/images/${base_id}`);
    await press(page, en.images.remove);
    await page.getByRole("dialog").getByRole("button", { name: en.images.remove }).click();
    const refusal = page.getByRole("dialog").filter({ hasText: en.image.remove_refused_text });
    await refusal.getByRole("link", { name: `${ADMIN.account}/needs-it` }).click();
    await page.getByRole("heading", { name: "needs-it" }).waitFor();
    await refusal.waitFor({ state: "hidden" });
    expect(await phaseOf("public/busybox:1")).toBe("Ready");
  });

  test("its owner edits and shares an image, and who it is shared with reads it and changes nothing", async () => {
    const [li] = await Promise.all(["li", "wang"].map((account) => berth.server.registerUser(account)));
    const reference = "berth-test/busybox:latest";
    const { image_id } = await berth.admin.image.add.mutate({ name: "li/own:1", reference });
    const page = await openAs({ account: "li", password: passwordOf("li") });
    await page.goto(`/images/${image_id}`);
    await press(page, en.image.edit);
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(en.image.description).fill("For papers.");
    await dialog.getByText(en.image.params).click();
    await dialog.getByLabel(en.builds.param.memory).fill("2048");
    await dialog.getByRole("button", { name: en.common.save }).click();
    await page.getByText("For papers.").waitFor();
    await page.getByText("2 GiB").waitFor();
    await page.getByRole("combobox", { name: en.image.sharing_accounts }).fill("wang");
    await page.keyboard.press("Enter");
    await press(page, en.image.sharing_save);
    await vi.waitFor(async () => {
      expect(await li?.image.get.query({ image_id })).toMatchObject({
        description: "For papers.",
        create_params: { memory: 2_048 },
        shared_with: ["wang"],
      });
    });

    const other = await openAs({ account: "wang", password: passwordOf("wang") });
    await other.goto(`/images/${image_id}`);
    await other.getByText("For papers.").waitFor();
    await other.getByRole("link", { name: en.image.start }).waitFor();
    expect(await other.getByRole("button", { name: en.image.edit, exact: true }).count()).toBe(0);
    expect(await other.getByRole("button", { name: en.images.remove, exact: true }).count()).toBe(0);
  });

  test("an image keeps its ports as they are while something else is edited, and all of them can be edited", async () => {
    const reference = "berth-test/busybox:latest";
    const create_params = { ports: PORTS };
    const { image_id } = await berth.admin.image.add.mutate({ name: "public/ports:1", reference, create_params });
    const saved = async () => (await berth.admin.image.get.query({ image_id })).create_params;
    const before = await saved();
    const page = await openAs(ADMIN);
    await page.goto(`/images/${image_id}`);
    const dialog = page.getByRole("dialog");
    const save = async (): Promise<void> => {
      await dialog.getByRole("button", { name: en.common.save }).click();
      await dialog.waitFor({ state: "hidden" });
    };
    await press(page, en.image.edit);
    await dialog.getByLabel(en.image.description).fill("Has ports.");
    await save();
    await page.getByText("Has ports.").waitFor();
    expect(await saved()).toEqual(before);

    await press(page, en.image.edit);
    await dialog.getByText(en.image.params).click();
    const port = (number: number) =>
      dialog.getByRole("group", { name: en.container_form.port.replace("{{number}}", `${number}`), exact: true });
    await port(1).getByLabel(en.container_form.port_strip).check();
    expect(await port(2).getByLabel(en.container_form.port_strip).count()).toBe(0);
    await port(2).getByLabel(en.container_form.port_publish).uncheck();
    await port(2).getByLabel(en.container_form.port_name).fill("Not A Name");
    await dialog.getByRole("button", { name: en.common.save }).click();
    await dialog.getByText(en.container_form.fault.port_name).waitFor();
    await port(2).getByLabel(en.container_form.port_name).fill("names");
    await save();
    const [notebook, dns] = PORTS;
    expect((await saved()).ports).toEqual([
      { ...notebook, strip_prefix: true },
      { ...dns, name: "names", publish: false },
    ]);
  });

  test("a failed build that is built again gives its containers what it gave them before", async () => {
    const name = "public/ported:1";
    const create_params = { ports: PORTS, mounts: [{ storage: "homes", path: "/data" }] };
    await berth.admin.storage.create.mutate({ name: "homes", kind: "home" });
    const dockerfile = "FROM public/busybox:1\nRUN exit 7";
    const failed = await berth.admin.image.build.mutate({ name, dockerfile, create_params });
    await expect.poll(() => phaseOf(name)).toBe("Failed");
    const page = await openAs(ADMIN);
    await page.goto(`/images/build?again=${failed.image_id}`);
    await editorOf(page).fill("FROM public/busybox:1\nRUN echo well");
    await press(page, en.builds.submit_build);
    await expect.poll(() => phaseOf(name)).toBe("Ready");
    const { items } = await berth.admin.image.list.query({ limit: 500 });
    const image_id = items.find((image) => image.name === name)!.image_id;
    const again = await berth.admin.image.get.query({ image_id });
    expect(again.create_params).toEqual(failed.create_params);
  });
});

const PORTS = [
  {
    name: "notebook",
    kind: "http" as const,
    protocol: "tcp" as const,
    container_port: 8_888,
    publish: false,
    strip_prefix: false,
  },
  {
    name: "dns",
    kind: "tcp" as const,
    protocol: "udp" as const,
    container_port: 53,
    publish: true,
    strip_prefix: false,
  },
];
