import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import { TEST_IMAGE } from "@berth/testbed/fleet/test-image.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { describeOnEngines } from "@berth/testbed/scenario/on-engines.ts";
import type { WatchedContainer } from "@berth/testbed/scenario/watched-container.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { ask } from "./testing/open-proxy.ts";

const MEGABYTE = 1024 * 1024;
/** More than a server that holds none of it grows by: V8 collects its garbage late. */
const BYTES = 300 * MEGABYTE;
const TIMED_BYTES = 60 * MEGABYTE;

/** A web server in shell: pages, uploads that it counts, downloads, and a WebSocket that answers once. */
const APP = `read method path version
while read name value; do
  value=$(printf %s "$value" | tr -d '\\r'); name=$(printf %s "$name" | tr -d '\\r' | tr A-Z a-z)
  [ "$name" = "" ] && break
  case "$name" in sec-websocket-key:) key=$value;; content-length:) length=$value;; cookie:) cookie=$value;; esac
done
if [ -n "$key" ]; then
  accept=$(printf %s "$key"258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | sha1sum | cut -c1-40 | xxd -r -p | base64)
  printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n' "$accept"
  printf '\\201\\005ready'
  head -c 1 >/dev/null
  printf '\\201\\003got'
  sleep 100
elif [ "\${path#/bytes/}" != "$path" ]; then
  bytes="\${path#/bytes/}"
  printf 'HTTP/1.1 200 OK\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n' "$bytes"
  head -c "$bytes" /dev/zero
else
  body="$method $path cookie=$cookie"
  [ -n "$length" ] && body="counted $(head -c "$length" | wc -c)"
  printf 'HTTP/1.1 200 OK\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "\${#body}" "$body"
fi`;

const WISH = {
  command: ["sh", "-c", 'printf %s "$0" > /tmp/app; exec nc -ll -p 8080 -e sh /tmp/app', APP],
  ports: [{ name: "web", kind: "http" as const, container_port: 8080, publish: false }],
};
/** The same, of which the program may end while the container runs on. */
const MAY_BE_AWAY = {
  ...WISH,
  command: [
    "sh",
    "-c",
    'printf %s "$0" > /tmp/app; while :; do test -e /tmp/away || nc -ll -p 8080 -e sh /tmp/app; sleep 0.2; done',
    APP,
  ],
};

/** Where the container's pages are, and the cookie that lets in. */
async function open(container: WatchedContainer): Promise<{ url: string; cookie: string }> {
  const opened = await container.owner.container.open.mutate({ ...container.ref, port: "web" });
  const { headers } = await ask(opened.url);
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  return { url: new URL(headers.location ?? "", opened.url).href, cookie };
}

const listens = (container: WatchedContainer): Promise<void> =>
  waitUntil("the program to listen", 30_000, async () => (await container.shell("netstat -ltn")).includes(":8080"));

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < 15; at += 1) {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[7] ?? NaN;
}

const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

describeOnEngines(["real"], (scene) => {
  beforeAll(() => scene().engine.docker("tag", TEST_IMAGE, SYSTEM_IMAGE));
  afterAll(async () => {
    const listed = await scene().engine.docker("ps", "-aq", "--filter", "label=berth.system=reach");
    const ids = listed.split("\n").filter((id) => id !== "");
    if (ids.length > 0) await scene().engine.docker("rm", "-f", ...ids);
  });

  test("shows a program whose port is open nowhere: pages, uploads, downloads and a WebSocket", async () => {
    const container = await scene().run(WISH);
    await listens(container);
    expect(await container.inspect("{{json .HostConfig.PortBindings}} {{json .NetworkSettings.Ports}}")).not.toContain(
      "8080",
    );
    const { url, cookie } = await open(container);
    expect(await ask(`${url}a/page?b=c`, { cookie })).toMatchObject({ status: 200, body: "GET /a/page?b=c cookie=" });
    const { pid } = scene().berth.server;
    const before = residentBytes(pid);
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, residentBytes(pid))), 50);
    onTestFinished(() => clearInterval(watch));

    const upload = httpRequest(url, { method: "POST", headers: { cookie, "content-length": BYTES }, agent: false });
    const answered = once(upload, "response") as Promise<[IncomingMessage]>;
    const part = Buffer.alloc(MEGABYTE);
    for (let sent = 0; sent < BYTES; sent += MEGABYTE) if (!upload.write(part)) await once(upload, "drain");
    upload.end();
    expect(String((await once((await answered)[0], "data"))[0])).toBe(`counted ${BYTES}`);

    const download = httpRequest(`${url}bytes/${BYTES}`, { headers: { cookie }, agent: false }).end();
    let length = 0;
    for await (const chunk of ((await once(download, "response")) as [IncomingMessage])[0])
      length += (chunk as Buffer).length;
    expect(length).toBe(BYTES);
    clearInterval(watch);
    expect(peak - before).toBeLessThan(0.8 * BYTES);

    const socket = new WebSocket(url.replace("http", "ws"), { headers: { cookie } });
    const messages: string[] = [];
    socket.on("message", (data: Buffer) => messages.push(data.toString()));
    await waitUntil("the program to speak first", 30_000, async () => messages[0] === "ready");
    socket.send("hello");
    await waitUntil("the program to answer", 30_000, async () => messages[1] === "got");
    socket.terminate();
  });

  test("shows it again after the container was restarted, and says what is wrong meanwhile", async () => {
    const container = await scene().run(MAY_BE_AWAY);
    await listens(container);
    const { url, cookie } = await open(container);
    expect((await ask(url, { cookie })).status).toBe(200);
    await container.owner.container.stop.mutate(container.ref);
    await container.reaches("Stopped");
    const stopped = await ask(url, { cookie, accept: "text/html" });
    expect(stopped.status).toBe(503);
    expect(stopped.body).toContain("does not run: start it");
    await container.owner.container.start.mutate(container.ref);
    await container.reaches("Running");
    await listens(container);
    expect((await ask(url, { cookie })).status).toBe(200);
    await container.shell("touch /tmp/away; kill $(pidof nc)");
    await waitUntil("the page that nothing listens", 30_000, async () => (await ask(url, { cookie })).status === 502);
  });

  test("costs so much beside a connection of one's own", async () => {
    const ports = [{ ...WISH.ports[0]!, publish: true }];
    const direct = await scene().run({ ...WISH, ports });
    const relayed = await scene().run(WISH);
    await Promise.all([listens(direct), listens(relayed)]);
    const { host_port } = (await direct.see()).ports[0]!;
    const own = `http://${scene().engine.address}:${host_port}/`;
    const [published, unpublished] = [await open(direct), await open(relayed)];
    const bigMs = async (at: string, cookie = "") => {
      const begun = performance.now();
      const request = httpRequest(`${at}bytes/${TIMED_BYTES}`, {
        headers: cookie ? { cookie } : {},
        agent: false,
      }).end();
      for await (const _ of ((await once(request, "response")) as [IncomingMessage])[0]) void _;
      return performance.now() - begun;
    };
    const figures = {
      engine: scene().engine.name,
      page_ms: await medianMs(() => ask(own)),
      page_by_proxy_ms: await medianMs(() => ask(published.url, { cookie: published.cookie })),
      page_by_relay_ms: await medianMs(() => ask(unpublished.url, { cookie: unpublished.cookie })),
      download_ms: await bigMs(own),
      download_by_proxy_ms: await bigMs(published.url, published.cookie),
      download_by_relay_ms: await bigMs(unpublished.url, unpublished.cookie),
    };
    console.log(JSON.stringify(figures));
    expect(figures.page_by_relay_ms).toBeLessThan(2_000);
  });
});
