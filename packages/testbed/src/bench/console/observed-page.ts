import type { Browser, CDPSession, Page } from "playwright-core";
import { TYPED_PASSWORD } from "../doors/large-lab.ts";

/** Runs in the page before its own scripts: what the browser tells of it is kept. */
const OBSERVE = `
  globalThis.seen = { lcp: 0, cls: 0, tasks: [], inputs: [] };
  const observe = (options, read) =>
    new PerformanceObserver((list) => list.getEntries().forEach(read)).observe({ buffered: true, ...options });
  observe({ type: "largest-contentful-paint" }, (entry) => (seen.lcp = entry.startTime));
  observe({ type: "layout-shift" }, (entry) => entry.hadRecentInput || (seen.cls += entry.value));
  observe({ type: "longtask" }, (entry) => seen.tasks.push(entry.duration));
  observe({ type: "event", durationThreshold: 16 }, (entry) => entry.interactionId && seen.inputs.push(entry.duration));
`;

export interface Seen {
  /** ms from the start of the navigation. */
  lcp: number;
  cls: number;
  /** Tasks of more than 50 ms, each in ms. */
  tasks: number[];
  /** From an input of a person to the next paint, ms; those below 16 ms are not told. */
  inputs: number[];
}

/** A page of a browser of its own, with nothing cached, that counts what it fetches. */
export class ObservedPage {
  readonly page: Page;
  readonly #cdp: CDPSession;
  /** As transferred, by what it is; and how many requests. */
  readonly fetched = { js: 0, css: 0, html: 0, data: 0, other: 0, requests: 0 };

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
    const kinds = new Map<string, "js" | "css" | "html" | "data" | "other">();
    const kindOf = { Script: "js", Stylesheet: "css", Document: "html", Fetch: "data", XHR: "data" } as const;
    cdp.on("Network.responseReceived", ({ requestId, type }) => {
      kinds.set(requestId, kindOf[type as keyof typeof kindOf] ?? "other");
    });
    cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      this.fetched[kinds.get(requestId) ?? "other"] += encodedDataLength;
      this.fetched.requests += 1;
    });
  }

  static async open(browser: Browser, baseURL: string): Promise<ObservedPage> {
    const context = await browser.newContext({ baseURL, locale: "en-GB", viewport: { width: 1_440, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(OBSERVE);
    const cdp = await context.newCDPSession(page);
    await cdp.send("Network.enable");
    // Brotli makes less of it, and is not everywhere: browsers take it over https or on loopback only.
    await cdp.send("Network.setExtraHTTPHeaders", { headers: { "accept-encoding": "gzip" } });
    return new ObservedPage(page, cdp);
  }

  async signIn(): Promise<void> {
    await this.page.goto("/login");
    await this.page.locator("#account").fill("bench-0");
    await this.page.locator("#password").fill(TYPED_PASSWORD);
    await this.page.locator("button[type=submit]").click();
    await this.page.locator(".top-bar").waitFor();
  }

  seen(): Promise<Seen> {
    return this.page.evaluate("seen");
  }

  /** What was seen up to now counts no more. */
  async forget(): Promise<void> {
    await this.page.evaluate("globalThis.seen && Object.assign(seen, { tasks: [], inputs: [] })");
    Object.assign(this.fetched, { js: 0, css: 0, html: 0, data: 0, other: 0, requests: 0 });
  }

  /** Code and documents as transferred, gzipped, in KB of 1,000 bytes. */
  get codeKb(): number {
    return (this.fetched.js + this.fetched.css + this.fetched.html) / 1_000;
  }

  /** Of JavaScript, MB, after all that can be is collected. */
  async heapMb(): Promise<number> {
    await this.#cdp.send("HeapProfiler.collectGarbage");
    const { usedSize } = await this.#cdp.send("Runtime.getHeapUsage");
    return usedSize / 1_000_000;
  }

  async emptyCache(): Promise<void> {
    await this.#cdp.send("Network.clearBrowserCache");
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
