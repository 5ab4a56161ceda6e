import { en } from "@berth/web/locales/en.ts";
import { type Texts, zh } from "@berth/web/locales/zh.ts";
import type { Browser, BrowserContext } from "playwright-core";
import { ConsoleTab } from "./console-tab.ts";

export interface Surroundings {
  /** Where the console is. */
  url: string;
  locale: "zh-CN" | "en-GB";
  width?: number;
  colorScheme?: "light" | "dark";
}

/** Somebody with a browser of their own: what its tabs share is theirs alone. */
export class BrowserUser {
  readonly context: BrowserContext;
  readonly texts: Texts;
  readonly tabs: ConsoleTab[] = [];

  private constructor(context: BrowserContext, texts: Texts) {
    this.context = context;
    this.texts = texts;
  }

  static async open(browser: Browser, surroundings: Surroundings): Promise<BrowserUser> {
    const { url, locale, width = 1_280, colorScheme = "light" } = surroundings;
    const viewport = { width, height: 900 };
    const context = await browser.newContext({ locale, baseURL: url, viewport, colorScheme });
    return new BrowserUser(context, locale === "zh-CN" ? zh : en);
  }

  async openTab(path?: string): Promise<ConsoleTab> {
    const tab = new ConsoleTab(await this.context.newPage(), this.texts);
    this.tabs.push(tab);
    if (path !== undefined) await tab.page.goto(path);
    return tab;
  }

  /** All that the browser's console was told by all tabs: errors and warnings. */
  get told(): string[] {
    return this.tabs.flatMap(({ told }) => told);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
