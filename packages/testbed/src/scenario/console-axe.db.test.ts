import { AxeBuilder } from "@axe-core/playwright";
import { en } from "@berth/web/locales/en.ts";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ADMIN, passwordOf } from "./api-server.ts";
import { type ConsoleStage, hasBrowser, openConsoleStage, signIn } from "./console-browser.ts";

vi.setConfig({ testTimeout: 900_000 });

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

type Open = (page: Page) => Promise<void>;

interface Place {
  /** `MACHINE` stands for the machine's id. */
  path: string;
  /** Shown once the page is there. */
  ready: string;
  /** What is opened on it before it is looked at. */
  open?: Open;
}

const named = (name: string, open: Open): Open => Object.defineProperty(open, "name", { value: name });

const press = (name: string): Open =>
  named(name, (page) => page.getByRole("button", { name, exact: true }).first().click());
/** Opens a menu, and takes one of its items. */
const take = (menu: RegExp, item: string): Open =>
  named(item, async (page) => {
    await page.getByRole("button", { name: menu }).first().click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
    await page.getByRole("dialog").waitFor();
  });
const MORE = new RegExp(`^${en.common.more}: `);

/** Before one is signed in. */
const GATE: readonly Place[] = [
  { path: "/login", ready: "#account" },
  { path: "/register", ready: "#invitation" },
];

/** Of everybody; a new page is one line. */
const WORK: readonly Place[] = [
  { path: "/", ready: ".machine" },
  { path: "/?view=compact", ready: ".board-rows li" },
  { path: "/containers", ready: "tbody tr" },
  { path: "/containers?q=nothing-is-called-so", ready: ".data-table-nothing" },
  { path: "/containers/new", ready: "form" },
  { path: "/containers/1", ready: "[role=tab]" },
  { path: "/containers/1?tab=events", ready: ".events li" },
  { path: "/containers/1?tab=logs", ready: ".log" },
  { path: "/containers/1?tab=files", ready: ".folder-head" },
  { path: "/containers/1?tab=terminal", ready: ".xterm-screen" },
  { path: "/containers/1", ready: "[role=tab]", open: press(en.containers.save) },
  { path: "/containers/1", ready: "[role=tab]", open: press(en.containers.remove) },
  { path: "/containers/1", ready: "[role=tab]", open: take(MORE, en.container.move) },
  { path: "/containers/1", ready: "[role=tab]", open: take(MORE, en.container.recreate) },
  { path: "/containers/1/edit", ready: "form" },
  { path: "/images", ready: "tbody tr" },
  { path: "/images/1", ready: "[role=tab]" },
  { path: "/images/1?tab=machines", ready: "[role=tabpanel]" },
  { path: "/images/1?tab=needed", ready: "[role=tabpanel]" },
  { path: "/images/1?tab=layers", ready: "[role=tabpanel]" },
  { path: "/profile", ready: ".sections form" },
  { path: "/profile", ready: ".sections form", open: press(en.profile.sign_out_everywhere) },
  { path: "/no/such/page", ready: ".page-failure" },
  { path: "/images", ready: "tbody tr", open: named("Control+k", (page) => page.keyboard.press("Control+k")) },
  { path: "/images", ready: "tbody tr", open: named("?", (page) => page.keyboard.press("?")) },
  { path: "/containers", ready: "tbody tr", open: press(en.common.columns) },
  {
    path: "/containers",
    ready: "tbody tr",
    open: named("row menu", (page) => page.locator(".row-menu").first().click()),
  },
];

const MANAGE: readonly Place[] = [
  { path: "/machines", ready: "tbody tr" },
  { path: "/machines/MACHINE", ready: "[role=tab]" },
  { path: "/machines/MACHINE?tab=telemetry", ready: "[role=tabpanel] h2" },
  { path: "/machines/MACHINE?tab=foreign", ready: "[role=tabpanel]" },
  { path: "/machines/MACHINE?tab=containers", ready: "[role=tabpanel]" },
  { path: "/machines/MACHINE?tab=images", ready: "[role=tabpanel]" },
  { path: "/machines/MACHINE?tab=settings", ready: "[role=tabpanel] form" },
  { path: "/machines/MACHINE?tab=settings", ready: "[role=tabpanel] form", open: press(en.machines.drain) },
  { path: "/storages", ready: ".empty, tbody tr" },
  { path: "/storages", ready: ".empty, tbody tr", open: press(en.storages.create) },
  { path: "/registry", ready: "main h1" },
  { path: "/images/build", ready: ".cm-content, textarea" },
  { path: "/images/mirror", ready: "form" },
  { path: "/images/external", ready: "form" },
  { path: "/images/1", ready: "[role=tab]", open: press(en.image.edit) },
  { path: "/images/1", ready: "[role=tab]", open: press(en.images.remove) },
  { path: "/usage", ready: "main h1" },
  { path: "/health", ready: "main h1" },
  { path: "/users", ready: "tbody tr" },
  { path: "/settings", ready: ".sections" },
  { path: "/audit", ready: "tbody tr" },
  {
    path: "/audit",
    ready: "tbody tr",
    open: named("an entry", (page) => page.locator(".audit-action").first().click()),
  },
  { path: "/users", ready: "tbody tr", open: press(en.users.create) },
  { path: "/users", ready: "tbody tr", open: take(MORE, en.users.edit_quota) },
  { path: "/users", ready: "tbody tr", open: take(MORE, en.users.set_password) },
  { path: "/machines", ready: "tbody tr", open: press(en.machines.join) },
];

/** WCAG 2 A and AA and best practices, by axe, on every page. */
describe.skipIf(!hasBrowser)("the console is accessible", () => {
  let stage: ConsoleStage;
  let machineId: string;
  beforeAll(async () => {
    stage = await openConsoleStage();
    const { berth } = stage;
    const { machine_id } = (await berth.admin.machine.list.query({})).items[0]!;
    machineId = machine_id;
    const li = await berth.server.registerUser("li");
    const wish = { name: "job", image: "public/busybox:1", machine_id, command: ["sleep", "1000"] };
    for (const owner of [berth.admin, li]) await owner.container.create.mutate(wish);
  });
  afterAll(() => stage?.close());

  test.each([
    { colorScheme: "light", width: 1_280, account: ADMIN.account },
    { colorScheme: "dark", width: 1_280, account: ADMIN.account },
    { colorScheme: "dark", width: 1_280, account: "li" },
    { colorScheme: "light", width: 390, account: ADMIN.account },
  ] as const)("in $colorScheme, $width px wide, for $account", async ({ colorScheme, width, account }) => {
    const isAdmin = account === ADMIN.account;
    const context = await stage.openContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const faults: string[] = [];
    for (const place of GATE) faults.push(...(await faultsOf(page, place)));
    await signIn(page, isAdmin ? ADMIN : { account, password: passwordOf(account) });
    const mine = isAdmin ? [...WORK, ...MANAGE] : WORK.filter(({ path }) => !path.startsWith("/containers/1"));
    for (const place of mine) {
      // What is not there on a phone.
      if (width < 640 && place.open && place.path === "/containers") continue;
      faults.push(
        ...(await faultsOf(page, { ...place, path: place.path.replace("MACHINE", encodeURIComponent(machineId)) })),
      );
    }
    expect(faults).toEqual([]);
  });
});

async function faultsOf(page: Page, { path, ready, open }: Place): Promise<string[]> {
  await page.goto(path);
  try {
    await page.locator(ready).first().waitFor();
  } catch (cause) {
    throw new Error(`${path} did not show ${ready}, but: ${await page.locator("body").innerText()}`, { cause });
  }
  if (open) {
    await open(page);
    const opened = page.locator("dialog[open], [role=dialog], [role=menu], :popover-open");
    await opened.filter({ visible: true }).first().waitFor();
    // What comes in by a motion is half there before, and has no contrast.
    await page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))");
  }
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  const where = `${path}${open ? `, ${open.name}` : ""}`;
  const sideways = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return [
    ...(sideways > 0 ? [`${where}: scrolls sideways by ${sideways} px`] : []),
    ...violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${where}: ${id} at ${target.join(" ")}: ${failureSummary}`),
    ),
  ];
}
