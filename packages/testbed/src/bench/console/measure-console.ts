import { createPool } from "@berth/db/pool.ts";
import { pgSql, type Sql } from "@berth/db/sql.ts";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../console/chromium.ts";
import { cpuSeconds } from "../../fleet/cpu-seconds.ts";
import { startRestartablePostgres } from "../../postgres/restartable.ts";
import { type ApiServer, startApiServer } from "../../scenario/api-server.ts";
import { fillLargeLab } from "../doors/large-lab.ts";
import { ObservedPage } from "./observed-page.ts";
import { changeContainers } from "./restless-lab.ts";

const ROW_PX = 40;
const CHANGES_PER_S = 1_000;
const UNDER_CHANGES_MS = 30_000;
const LIST = "/containers?scope=all";

export interface PageFigures {
  page: string;
  /** Code and documents as transferred into an empty cache, gzipped, and answers of the API as they are; KB of 1,000 bytes. */
  code_kb: number;
  data_kb: number;
  /** Medians, ms. */
  lcp_ms: number;
  cls: number;
}

export interface ConsoleFigures {
  containers: number;
  pages: PageFigures[];
  /** From the address to the first rows, and to all of them. */
  list: { first_rows_ms: number; all_rows_ms: number; requests: number; data_mb: number };
  /** From the first to the last row. */
  scrolling: Tasks;
  changing: Tasks & {
    changes_per_s: number;
    /** Typed letters and clicks, to the next paint. */
    inputs: { count: number; median_ms: number; longest_ms: number };
    requests_per_s: number;
    data_kb_per_s: number;
    /** Of the page's scripts, before and after. */
    heap_mb: [number, number];
    /** Percent of one core of the server's process. */
    server_cpu: number;
  };
}

interface Tasks {
  long_tasks: number;
  longest_ms: number;
}

/** The built console in a real browser, at a real server with a lab of so many containers. */
export async function measureConsole({
  containers,
  rounds,
}: {
  containers: number;
  rounds: number;
}): Promise<ConsoleFigures> {
  const postgres = await startRestartablePostgres();
  const pool = createPool(postgres.url, { max: 2, applicationName: "berth-bench", onError: () => undefined });
  const sql = pgSql(pool);
  await fillLargeLab(sql, containers);
  const server = await startApiServer({ databaseUrl: postgres.url });
  const browser = await launchChromium();
  try {
    const pages = [
      await measurePage(browser, server, { page: "login", rounds }),
      await measurePage(browser, server, { page: "home", path: "/", ready: ".machine", rounds }),
      await measurePage(browser, server, { page: "containers", path: "/containers", ready: "tbody tr", rounds }),
    ];
    return { containers, pages, ...(await measureList(browser, server, sql, containers)) };
  } finally {
    await browser.close();
    await server.stop();
    await pool.end();
    await postgres.remove();
  }
}

interface PageToMeasure {
  page: string;
  /** Of a page that one signs in for. */
  path?: string;
  ready?: string;
  rounds: number;
}

/** Each round in a browser of its own; one that was signed in to has its cache emptied. */
async function measurePage(
  browser: Browser,
  { url }: ApiServer,
  { page: name, path, ready = "#account", rounds }: PageToMeasure,
): Promise<PageFigures> {
  const figures: Omit<PageFigures, "page">[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const observed = await ObservedPage.open(browser, url);
    if (path !== undefined) {
      await observed.signIn();
      await observed.emptyCache();
    }
    await observed.forget();
    await observed.page.goto(path ?? "/login");
    await observed.page.locator(ready).first().waitFor();
    await observed.page.waitForLoadState("networkidle");
    const { lcp, cls } = await observed.seen();
    figures.push({ code_kb: observed.codeKb, data_kb: observed.fetched.data / 1_000, lcp_ms: lcp, cls });
    await observed.close();
  }
  const median = (key: keyof (typeof figures)[number]): number => medianOf(figures.map((each) => each[key]));
  return {
    page: name,
    code_kb: median("code_kb"),
    data_kb: median("data_kb"),
    lcp_ms: median("lcp_ms"),
    cls: median("cls"),
  };
}

async function measureList(
  browser: Browser,
  server: ApiServer,
  sql: Sql,
  containers: number,
): Promise<Pick<ConsoleFigures, "list" | "scrolling" | "changing">> {
  const observed = await ObservedPage.open(browser, server.url);
  await observed.signIn();
  await observed.forget();
  const beganAt = performance.now();
  await observed.page.goto(LIST);
  await observed.page.locator("tbody tr").first().waitFor();
  const first_rows_ms = performance.now() - beganAt;
  await observed.page.locator(`table[aria-rowcount="${containers + 1}"]`).waitFor();
  await observed.page.locator(".data-table[aria-busy=false]").waitFor();
  const list = {
    first_rows_ms,
    all_rows_ms: performance.now() - beganAt,
    requests: observed.fetched.requests,
    data_mb: observed.fetched.data / 1_000_000,
  };
  const scrolling = await scroll(observed, containers);
  return { list, scrolling, changing: await measureChanging(observed, server, sql) };
}

/** By the wheel, screen by screen, and in great leaps, as with the scroll bar. */
async function scroll(observed: ObservedPage, containers: number): Promise<Tasks> {
  const { page } = observed;
  await observed.forget();
  await page.locator(".data-table").hover();
  for (let turn = 0; turn < 100; turn += 1) {
    await page.mouse.wheel(0, 600);
    await nextFrame(observed);
  }
  const leaps = 40;
  for (let leap = 1; leap <= leaps; leap += 1) {
    await page.evaluate(
      `document.querySelector(".data-table").scrollTop = ${Math.round((containers * ROW_PX * leap) / leaps)}`,
    );
    await nextFrame(observed);
  }
  await page.locator(`tr[aria-rowindex="${containers + 1}"]`).waitFor();
  await page.evaluate(`document.querySelector(".data-table").scrollTop = 0`);
  return tasksOf((await observed.seen()).tasks);
}

async function measureChanging(
  observed: ObservedPage,
  server: ApiServer,
  sql: Sql,
): Promise<ConsoleFigures["changing"]> {
  const { page } = observed;
  const stopping = new AbortController();
  const changing = changeContainers(sql, CHANGES_PER_S, stopping.signal);
  await warmUp(observed);
  const before = await observed.heapMb();
  await observed.forget();
  const beganAt = performance.now();
  const cpuBefore = cpuSeconds(server.pid);
  while (performance.now() - beganAt < UNDER_CHANGES_MS) await useList(observed);
  const seconds = (performance.now() - beganAt) / 1_000;
  const server_cpu = (100 * (cpuSeconds(server.pid) - cpuBefore)) / seconds;
  const { tasks, inputs } = await observed.seen();
  const { requests, data } = observed.fetched;
  const after = await observed.heapMb();
  stopping.abort();
  const changes_per_s = await changing;
  await page.close();
  return {
    changes_per_s,
    ...tasksOf(tasks),
    inputs: { count: inputs.length, median_ms: medianOf(inputs), longest_ms: Math.max(0, ...inputs) },
    requests_per_s: requests / seconds,
    data_kb_per_s: data / 1_000 / seconds,
    heap_mb: [before, after],
    server_cpu,
  };
}

/** Types into the search, sorts, and scrolls, as somebody does who looks for something. */
async function useList(observed: ObservedPage): Promise<void> {
  const { page } = observed;
  const field = page.locator(".page-actions input[type=search], .page-actions input").first();
  await field.click();
  await page.keyboard.type("run 12", { delay: 80 });
  await field.fill("");
  await page.locator("thead th button").first().click();
  await page.locator(".data-table").hover();
  for (let turn = 0; turn < 5; turn += 1) {
    await page.mouse.wheel(0, 600);
    await nextFrame(observed);
  }
}

/** The first of everything is slower, and is kept. */
async function warmUp(observed: ObservedPage): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await useList(observed);
}

const nextFrame = ({ page }: ObservedPage): Promise<unknown> =>
  page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))");

const tasksOf = (tasks: readonly number[]): Tasks => ({
  long_tasks: tasks.length,
  longest_ms: Math.max(0, ...tasks),
});

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
