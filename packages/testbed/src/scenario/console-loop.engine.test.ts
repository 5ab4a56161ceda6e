import { createPool, type Pool } from "@berth/db/pool.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { pgSql } from "@berth/db/sql.ts";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BrowserUser, type Surroundings } from "../console/browser-user.ts";
import { hasChromium, launchChromium } from "../console/chromium.ts";
import type { FleetRegistry } from "../fleet/registry.ts";
import { gatewayAddress } from "../fleet/network.ts";
import { findCapabilities } from "../fleet/requirements.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { FreshServer } from "../joining/fresh-server.ts";
import { ADMIN } from "./api-server.ts";
import { type Berth, startBerth } from "./berth.ts";
import { startServerRegistry } from "./server-registry.ts";
import { SshClient } from "./ssh-client.ts";

const { generations } = await findCapabilities();
const GENERATIONS = generations.filter((generation) => generation !== "28.5-containerd");
const IMAGE = "public/busybox:1";
/** As Berth says `NVIDIA GeForce RTX 4090`. */
const GPU = "RTX 4090";
const LOCALES = ["zh-CN", "en-GB"] as const;
type Place = "loopback" | "address";

/** The built console in a real browser, on real engines with a registry that wants tokens. */
describe.skipIf(GENERATIONS.length < 2 || !hasChromium())("the console on two GPU servers", () => {
  let fleet: Fleet;
  let berth: Berth;
  let pool: Pool;
  let registry: FleetRegistry;
  let browser: Browser;
  /** `address`: no secure context for a browser, as in a lab without certificates. */
  let urls: Record<Place, string>;
  let publicKey: string;
  beforeAll(async () => {
    const engines = GENERATIONS.map((generation) => {
      return { name: `gpu-${generation.replace(".", "-")}`, generation, on_socket_only: true };
    });
    [fleet, berth, browser] = await Promise.all([
      startFleet({ engines }),
      startBerth(undefined, { host: "0.0.0.0" }),
      launchChromium(),
    ]);
    const { port } = new URL(berth.server.url);
    const address = `http://${gatewayAddress(fleet.directory.number)}:${port}`;
    urls = { loopback: `http://127.0.0.1:${port}`, address };
    pool = createPool(berth.database_url, { max: 1, applicationName: "berth-test", onError: () => undefined });
    const server = { ...berth.server, url: address };
    ({ registry } = await startServerRegistry(fleet.directory, { name: "console-loop", server, sql: pgSql(pool) }));
    const record = { kind: "process", state: "running", ca: null, message: "" } as const;
    await writeRegistry(pgSql(pool), { ...record, address: registry.address, url: registry.url });
    publicKey = (await SshClient.open()).public_key;
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.deleteContainers();
    await registry?.kill();
    await pool?.end();
    await berth?.close();
    await fleet?.close();
  });

  async function openBrowser(place: Place, locale: Surroundings["locale"]): Promise<BrowserUser> {
    const user = await BrowserUser.open(browser, { url: urls[place], locale });
    onTestFinished(() => user.close());
    return user;
  }

  test.each(LOCALES)(
    "in %s, an admin joins a machine by the line of the dialog, which then shows it",
    async (locale) => {
      const index = LOCALES.indexOf(locale);
      const engine = fleet.engines[index]!;
      const server = new FreshServer(engine);
      server.install("nvidia-smi", nvidiaSmi(index));
      // Docker offers GPUs where it finds this; ours gives none to the container, and says that it did.
      server.install("nvidia-container-runtime-hook", "#!/bin/sh\nexit 0\n");
      const admin = await openBrowser("address", locale);
      const tab = await admin.openTab();
      await tab.signIn(ADMIN);
      const joined = await server.paste(await tab.makeJoinLine(), { more: "--skip-gpu-check" });
      expect(joined).toMatchObject({ exitCode: 0 });
      await tab.dialog.getByText(tab.texts.joining.joined.replace("{{name}}", engine.name)).waitFor();
      await tab.page.keyboard.press("Escape");
      await tab.go("home");
      await tab.heading(engine.name).waitFor();
      await tab.page.getByText(GPU).nth(index).waitFor();
      expect(admin.told).toEqual([]);
    },
    90_000,
  );

  test.each(LOCALES)(
    "in %s, an admin offers a public image, and builds another upon it",
    async (locale) => {
      const base = locale === "zh-CN" ? IMAGE : "public/busybox:2";
      const built = `public/built-${locale.toLowerCase()}:1`;
      const admin = await openBrowser("loopback", locale);
      const tab = await admin.openTab();
      await tab.signIn(ADMIN);
      await tab.offer(base, TEST_IMAGE);
      await tab.makeBuilder(fleet.engines[0]!.name);
      await tab.build(built, `FROM ${base}\nRUN echo in-${locale} > /built`, `in-${locale}`);
      await tab.go("images");
      await tab.page.getByRole("link", { name: built, exact: true }).waitFor();
      expect(admin.told).toEqual([]);
    },
    120_000,
  );

  describe.each([
    ["zh-CN", "address"],
    ["en-GB", "loopback"],
    ["zh-CN", "loopback"],
    ["en-GB", "address"],
  ] as const)("in %s, over plain http on %s", (locale, place) => {
    const account = `li-${locale.toLowerCase()}-${place}`;
    const person = { account, password: `${account}'s password` };
    test("from a free GPU to a file that is there on the other server, and to the end", async () => {
      const user = await openBrowser(place, locale);
      const tab = await user.openTab();
      const [here, there] = fleet.engines;
      await tab.register(person);
      expect(await tab.page.evaluate("isSecureContext")).toBe(place === "loopback");
      await tab.addSshKey(publicKey);

      await tab.go("home");
      await tab.takeGpu(here!.name, 0);
      await tab.startContainer({ name: "work", image: IMAGE });
      await tab.sees("Running");
      await tab.openTerminal();
      await tab.type("echo precious > /kept; echo written-$((40 + 2))", "written-42");

      const name = `kept-${locale.toLowerCase()}:1`;
      await tab.save(name);
      await tab.choose(tab.texts.container_dialog.start_on, there!.name);
      await tab.next.click();
      await tab.startContainer({ name: "again", gpu: GPU });
      await tab.sees("Running", 60_000);
      const [copy] = (await berth.admin.container.list.query({ scope: "all" })).items.filter(
        (each) => each.name === "again",
      );
      expect(copy).toMatchObject({ account, image: `${account}/${name}`, gpus: [{ type: GPU, index: 0 }] });
      const listed = await there!.docker("ps", "--format", "{{.Names}}");
      expect(listed).toContain("again");
      await tab.openTerminal();
      await tab.type("cat /kept", "precious");

      await tab.button(tab.texts.containers.stop).click();
      await tab.sees("Stopped");
      // Its page must not ask for what is gone, however long the next page takes to come.
      await tab.page.route(/containers-page/, async (route) => {
        await waitUntil("the container to be gone", 30_000, async () => {
          const { items } = await berth.admin.container.list.query({ scope: "all" });
          return items.every(({ name }) => name !== "again");
        });
        await route.continue();
      });
      await tab.remove();
      await tab.go("containers");
      await tab.page.getByRole("link", { name: "again" }).waitFor({ state: "detached" });
      await tab.page.getByRole("link", { name: "work" }).click();
      await tab.remove();
      await tab.go("containers");
      await tab.page.getByText(tab.texts.containers.empty_title).waitFor({ timeout: 30_000 });
      expect(user.told).toEqual([]);
    }, 180_000);

    test("an admin's quota is what its user is refused by, in words", async () => {
      const [admin, user] = [await openBrowser(place, locale), await openBrowser(place, locale)];
      const [adminTab, tab] = [await admin.openTab(), await user.openTab()];
      await adminTab.signIn(ADMIN);
      await adminTab.setQuota(account, "containers", "0");
      await tab.signIn(person);
      await tab.page.goto("/containers/new");
      await tab.fillContainer({ name: "refused", image: IMAGE });
      await tab.button(tab.texts.containers.new_submit).click();
      await tab.page.getByRole("alert").getByText(/0/).waitFor();
      expect(await tab.page.getByLabel(tab.texts.containers.new_name, { exact: true }).inputValue()).toBe("refused");
      expect((await berth.admin.container.list.query({ scope: "all" })).items).toEqual([]);
      expect(admin.told).toEqual([]);
      // Of a request that was refused the browser itself tells.
      expect(user.told.filter((line) => !line.startsWith("Failed to load resource"))).toEqual([]);
    });
  });
});

const nvidiaSmi = (server: number): string => `#!/bin/sh
case $* in
  *--query-gpu=index,uuid,memory.total,name*)
    echo "0, GPU-0000000${server}-2222-3333-4444-555555555555, 24564, NVIDIA GeForce RTX 4090" ;;
esac
`;
