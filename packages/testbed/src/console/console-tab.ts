import type { Texts } from "@berth/web/locales/zh.ts";
import type { Locator, Page } from "playwright-core";

export interface SignIn {
  account: string;
  password: string;
}

/** The console in one tab, used as a person does: by roles, and by the texts of their language. */
export class ConsoleTab {
  readonly page: Page;
  readonly texts: Texts;
  /** Errors and warnings of the browser's console, and what the page threw. */
  readonly told: string[] = [];

  constructor(page: Page, texts: Texts) {
    this.page = page;
    this.texts = texts;
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      const { url } = message.location();
      this.told.push(url === "" ? message.text() : `${message.text()} (${url})`);
    });
    page.on("pageerror", (error) => this.told.push(String(error)));
  }

  button(name: string, within: Page | Locator = this.page): Locator {
    return within.getByRole("button", { name, exact: true });
  }

  heading(name: string): Locator {
    return this.page.getByRole("heading", { name, exact: true });
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  /** Shows a page by the bar's own link. */
  async go(to: keyof Pick<Texts["nav"], "home" | "containers" | "images" | "machines" | "users">): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link", { name: this.texts.nav[to], exact: true }).click();
  }

  async register({ account, password }: SignIn): Promise<void> {
    const { auth } = this.texts;
    await this.page.goto("/register");
    await this.page.getByLabel(auth.account, { exact: true }).fill(account);
    await this.page.getByLabel(auth.password, { exact: true }).fill(password);
    await this.page.getByLabel(auth.repeat).fill(password);
    await this.button(auth.register).click();
    await this.page.getByRole("navigation").waitFor();
  }

  async signIn({ account, password }: SignIn): Promise<void> {
    const { auth } = this.texts;
    await this.page.goto("/login");
    await this.page.getByLabel(auth.account, { exact: true }).fill(account);
    await this.page.getByLabel(auth.password, { exact: true }).fill(password);
    await this.button(auth.sign_in).click();
    await this.page.getByRole("navigation").waitFor();
  }

  async addSshKey(publicKey: string): Promise<void> {
    await this.page.getByRole("button", { name: this.texts.nav.account }).click();
    await this.page.getByRole("menuitem", { name: this.texts.nav.profile }).click();
    await this.page.getByLabel(this.texts.profile.public_key).fill(publicKey);
    await this.button(this.texts.profile.add_key).click();
    const comment = publicKey.split(" ").slice(2).join(" ");
    await this.button(`${this.texts.common.delete}: ${comment}`).waitFor();
  }

  /** Chooses in a list that opens below a labelled field. */
  async choose(label: string, option: string): Promise<void> {
    await this.page.bringToFront(); // what moves behind another tab moves once a second
    await this.page.getByRole("combobox", { name: label, exact: true }).click();
    await this.page.locator(".ant-select-dropdown:visible .ant-select-item-option").filter({ hasText: option }).click();
  }

  /** On the form of a new container, which may have been filled in part by the link that led there. */
  async fillContainer(wish: { name: string; image?: string; gpu?: string; machine?: string }): Promise<void> {
    const { containers } = this.texts;
    const { name, image, gpu, machine } = wish;
    if (image !== undefined) await this.choose(containers.new_image, image);
    if (gpu !== undefined) await this.choose(containers.new_gpu, gpu);
    await this.page.getByLabel(containers.new_name, { exact: true }).fill(name);
    if (machine !== undefined) await this.choose(containers.new_machine, machine);
  }

  /** The same, and waits for the page of the container. */
  async startContainer(wish: Parameters<ConsoleTab["fillContainer"]>[0]): Promise<void> {
    await this.fillContainer(wish);
    await this.button(this.texts.containers.new_submit).click();
    await this.heading(wish.name).waitFor();
  }

  /** Takes a GPU that is shown as free on the home page, to the form of a new container. */
  async takeGpu(machine: string, index: number): Promise<void> {
    const { board } = this.texts;
    const gpu = board.gpu.replace("{{index}}", String(index));
    await this.page.getByRole("link", { name: `${board.take}: ${machine} ${gpu}` }).click();
  }

  /** The line that makes a server a machine, as the dialog shows it for copying; the dialog stays open. */
  async makeJoinLine(): Promise<string> {
    const { machines, common } = this.texts;
    await this.go("machines");
    await this.button(machines.join).first().click();
    const copied = this.dialog.locator(".copy-text").filter({ has: this.button(`${common.copy}: ${machines.join}`) });
    await this.button(`${common.copy}: ${machines.join}`, this.dialog).click();
    await copied.getByRole("status").getByText(common.copied).waitFor();
    return copied.locator("code").innerText();
  }

  /** Records an image that machines have already. */
  async offer(name: string, reference: string): Promise<void> {
    const { builds, images } = this.texts;
    await this.#addImage(builds.external_hint);
    await this.page.getByLabel(builds.reference, { exact: true }).fill(reference);
    await this.page.getByLabel(builds.name, { exact: true }).fill(name);
    await this.button(builds.submit_external).click();
    await this.page.getByText(images.phase.Ready, { exact: true }).waitFor();
  }

  /** Builds an image to the end, in whose log `printed` is read. */
  async build(name: string, dockerfile: string, printed: string): Promise<void> {
    const { builds, images } = this.texts;
    await this.#addImage(builds.build_hint);
    await this.page.getByRole("textbox", { name: builds.dockerfile, exact: true }).fill(dockerfile);
    await this.page.getByLabel(builds.name, { exact: true }).fill(name);
    await this.button(builds.submit_build).click();
    await this.page.getByRole("log").getByText(printed).first().waitFor();
    await this.page.getByText(images.phase.Ready, { exact: true }).waitFor({ timeout: 60_000 });
  }

  async #addImage(kind: string): Promise<void> {
    await this.go("images");
    await this.button(this.texts.builds.add).click();
    await this.page.getByText(kind).click();
  }

  async makeBuilder(machine: string): Promise<void> {
    const { machine: texts, common } = this.texts;
    await this.go("machines");
    await this.page.getByRole("link", { name: machine, exact: true }).click();
    await this.page.getByRole("tab", { name: texts.tabs.settings, exact: true }).click();
    const builds = this.page.getByRole("switch", { name: texts.builds, exact: true });
    if ((await builds.getAttribute("aria-checked")) === "true") return;
    await builds.click();
    await this.button(common.save).click();
    await this.page.getByRole("tab", { name: texts.tabs.overview, exact: true }).click();
    await this.page.getByText(texts.builds).filter({ visible: true }).first().waitFor();
  }

  async setQuota(account: string, kind: keyof Texts["profile"]["quota"], limit: string): Promise<void> {
    const { users, profile, common } = this.texts;
    await this.go("users");
    await this.button(`${common.more}: ${account}`).click();
    await this.page.getByRole("menuitem", { name: users.edit_quota }).click();
    await this.dialog.getByLabel(profile.quota[kind], { exact: true }).fill(limit);
    await this.button(common.save, this.dialog).click();
    await this.dialog.waitFor({ state: "hidden" });
  }

  /** Waits until the page of a container says so. */
  async sees(phase: keyof Texts["containers"]["phase"], timeout = 30_000): Promise<void> {
    await this.page
      .getByRole("region", { name: this.texts.containers.state, exact: true })
      .getByText(this.texts.containers.phase[phase], { exact: true })
      .waitFor({ timeout });
  }

  async openTerminal(): Promise<void> {
    await this.page.bringToFront();
    await this.page.getByRole("tab", { name: this.texts.containers.tabs.terminal }).click();
    await this.page.locator(".xterm-helper-textarea").waitFor();
    await this.terminalSays("/ #");
  }

  /** Types a line, and waits for what it prints: a text that the line itself does not contain. */
  async type(line: string, printed?: string): Promise<void> {
    await this.page.locator(".xterm-helper-textarea").focus();
    await this.page.keyboard.type(`${line}\n`);
    if (printed !== undefined) await this.terminalSays(printed);
  }

  /** Waits until the terminal says no more that it is lost. */
  async terminalIsBack(timeout: number): Promise<void> {
    await this.page.locator(".terminal-notice").waitFor({ state: "hidden", timeout });
  }

  async terminalSays(text: string): Promise<void> {
    // What a screen reader is told has each row as an element; the canvas of the screen says nothing.
    await this.page.locator(".xterm-rows, .xterm-accessibility").getByText(text).first().waitFor();
  }

  /** What leads on from an image that was just saved. */
  get next(): Locator {
    return this.dialog.getByRole("link", { name: this.texts.containers.save_next, exact: true });
  }

  /** Saves the container of this page as an image, to the end. */
  async save(name: string): Promise<void> {
    const { containers } = this.texts;
    await this.button(containers.save).click();
    await this.dialog.getByLabel(containers.save_name).fill(name);
    await this.button(containers.save_start, this.dialog).click();
    await this.next.waitFor({ timeout: 60_000 });
  }

  /** Deletes the container of this page. */
  async remove(): Promise<void> {
    const { containers } = this.texts;
    await this.button(containers.remove).click();
    await this.button(containers.remove, this.dialog).click();
    await this.dialog.waitFor({ state: "hidden" });
  }
}
