import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request as httpRequest, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { refreshTokenOf } from "@berth/api/auth/refresh-token.ts";
import { issueToken } from "@berth/api/auth/access-token.ts";
import { LONG_TRANSACTION } from "@berth/api/testing/long-transaction.ts";
import { untilSomeoneWaits } from "@berth/api/testing/until-someone-waits.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { watchHeldBytes } from "@berth/testbed/fleet/held-bytes.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ReachConnection } from "../reach/reach-connection.ts";
import { ask, openProxy, type OwnedContainer, visit } from "./testing/open-proxy.ts";

const MEGABYTE = 1024 * 1024;
/** Says what it was asked. */
const tell: RequestListener = (request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ url: request.url, headers: request.headers }));
};
const toldOf = (body: string) => JSON.parse(body) as { url: string; headers: Record<string, string> };

test("lets nobody in without a code, and says where to get one", async () => {
  const { url, addContainer } = await openProxy();
  const { path } = await addContainer("alice", "train", tell);
  for (const at of ["/", path, "/alice/none/web/", "/.berth/open", "/.berth/open?code=x"]) {
    const answer = await ask(url + at, { accept: "text/html" });
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('href="http://berth.lab:3000"');
    expect(answer.headers["content-security-policy"]).toContain("sandbox");
  }
});

test("takes a code once, gives a cookie of this container alone, and forgets the code in the address", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const opened = await alice.api.container.open({ container_id: alice.container_id, port: "web" });
  expect(opened.url.startsWith(`${url}/.berth/open?code=`)).toBe(true);
  const entered = await ask(opened.url);
  expect(entered).toMatchObject({ status: 302, headers: { location: "/alice/train/web/" } });
  const [cookie = ""] = entered.headers["set-cookie"] ?? [];
  expect(cookie).toMatch(/^berth_proxy=[\w-]{43}; Path=\/alice\/train\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  expect((await ask(opened.url)).status).toBe(401);
  const pair = cookie.split(";")[0] ?? "";
  expect((await ask(url + alice.path, { cookie: pair })).status).toBe(200);
  const other = await addContainer("alice", "other", tell);
  expect((await ask(url + other.path, { cookie: pair })).status).toBe(401);
});

test("takes no code that is older than thirty seconds", async () => {
  const { api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const opened = await alice.api.container.open({ container_id: alice.container_id, port: "web" });
  await api.services.sql("UPDATE proxy_codes SET expires_at = expires_at - interval '31 seconds'");
  expect((await ask(opened.url)).status).toBe(401);
});

test("opens no container of another's, nor a port that it does not have; an admin opens all", async () => {
  const { url, api, addContainer } = await openProxy();
  const { container_id, path } = await addContainer("alice", "train", tell);
  const { api: stranger } = await api.addUser("eve");
  await expect(stranger.container.open({ container_id, port: "web" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(api.nobody.container.open({ container_id, port: "web" })).rejects.toMatchObject({
    code: "UNAUTHORIZED",
  });
  await expect(api.admin.container.open({ container_id, port: "ssh" })).rejects.toMatchObject({
    message: "train has no http port ssh; it has web.",
  });
  const cookie = await visit(api.admin, { container_id });
  expect((await ask(url + path, { cookie })).status).toBe(200);
});

test.each([
  [
    "is disabled",
    (id: number) => `UPDATE users SET disabled_at = now(), token_epoch = token_epoch + 1 WHERE user_id = ${id}`,
  ],
  ["is signed out everywhere", (id: number) => `UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = ${id}`],
])("lets nobody in, and ends what is open, where the user %s", async (_, change) => {
  const { url, api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", (_request, response) => void response.write("endless"));
  const cookie = await visit(alice.api, alice);
  const request = httpRequest(url + alice.path, { headers: { cookie }, agent: false }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.on("error", () => {});
  await api.services.sql(change(alice.actor.user_id));
  await closed;
  expect((await ask(url + alice.path, { cookie })).status).toBe(401);
});

test("ends with the session of the console that asked", async () => {
  const { url, api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const [session] = await api.services.sql<{ session_id: string }>(
    `INSERT INTO sessions (user_id, token_epoch, expires_at, page_key_hash)
     VALUES ($1, 0, now() + interval '1 day', '\\x00') RETURNING session_id`,
    [alice.actor.user_id],
  );
  const credential = { kind: "session", session_id: session!.session_id } as const;
  const cookie = await visit(api.callerFor({ ...alice.actor, credential }), alice);
  expect((await ask(url + alice.path, { cookie })).status).toBe(200);
  await api.services.sql("DELETE FROM sessions");
  await waitUntil(
    "the cookie to be no good",
    10_000,
    async () => (await ask(url + alice.path, { cookie })).status === 401,
  );
});

test("tells the program nothing of Berth's, and where the browser is", async () => {
  const { url, api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  const { box, installation } = api.services;
  const refresh = refreshTokenOf(box, { session_id: "00000000-0000-4000-8000-000000000000", counter: 0 });
  const claims = { user_id: alice.actor.user_id, account: "alice", token_epoch: 0 };
  const token = await issueToken({ box, installation }, claims);
  for (const authorization of [`Bearer ${token}`, "Bearer berth_0123"]) {
    const answer = await ask(`${url}${alice.path}a%2Fb/c?d=e`, {
      cookie: `${cookie}; theme=dark; berth_refresh=${refresh}; __Host-berth_proxy=x`,
      authorization,
      "berth-page-key": "key",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-prefix": "/evil",
    });
    const { url: asked, headers } = toldOf(answer.body);
    expect(asked).toBe("/a%2Fb/c?d=e");
    expect(headers).toMatchObject({
      cookie: "theme=dark",
      host: new URL(url).host,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": new URL(url).host,
      "x-forwarded-prefix": "/alice/train/web",
    });
    expect(headers).not.toHaveProperty("authorization");
    expect(JSON.stringify(headers)).not.toMatch(/berth/i);
  }
  const own = await ask(url + alice.path, { cookie, authorization: "token of-jupyter" });
  expect(toldOf(own.body).headers["authorization"]).toBe("token of-jupyter");
});

test("leads who forgot the slash to the port's page", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  const answer = await ask(`${url}/alice/train/web?x=1`, { cookie });
  expect(answer).toMatchObject({ status: 302, headers: { location: "/alice/train/web/?x=1" } });
});

test("gives a program that knows its path the whole of it", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell, { strip_prefix: false });
  const cookie = await visit(alice.api, alice);
  expect(toldOf((await ask(`${url}${alice.path}lab?x=1`, { cookie })).body).url).toBe("/alice/train/web/lab?x=1");
});

test("keeps a program's cookies and redirects in its own place", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", ({ url: at }, response) => {
    response.setHeader("set-cookie", [
      "a=1; Path=/; Domain=127.0.0.1; HttpOnly",
      "b=2",
      "c=3; path=/alice/other/",
      "berth_proxy=evil; Path=/",
      "__Host-d=4; Path=/; Secure",
    ]);
    response.setHeader("service-worker-allowed", "/");
    response.setHeader("clear-site-data", '"*"');
    response.setHeader("alt-svc", 'h2="evil:443"');
    response.writeHead(302, { location: decodeURIComponent(at?.slice(2) ?? "") }).end();
  });
  const cookie = await visit(alice.api, alice);
  const locationOf = async (location: string) => {
    const answer = await ask(`${url}${alice.path}?${encodeURIComponent(location)}`, { cookie });
    expect(answer.headers["set-cookie"]).toEqual([
      "a=1; HttpOnly; Path=/alice/train/web/",
      "b=2; Path=/alice/train/web/",
      "c=3; Path=/alice/train/web/alice/other/",
    ]);
    expect(answer.headers).not.toHaveProperty("service-worker-allowed");
    expect(answer.headers).not.toHaveProperty("clear-site-data");
    expect(answer.headers).not.toHaveProperty("alt-svc");
    return answer.headers.location;
  };
  expect(await locationOf("/login?next=1#top")).toBe("/alice/train/web/login?next=1#top");
  expect(await locationOf("lab")).toBe("/alice/train/web/lab");
  expect(await locationOf("../../other/web/")).toBe("/alice/train/web/alice/other/web/");
  expect(await locationOf(`${url}/alice/other/web/`)).toBe("/alice/train/web/alice/other/web/");
  expect(await locationOf("/alice/train/web/in")).toBe("/alice/train/web/in");
  expect(await locationOf("https://elsewhere.lab/")).toBe("https://elsewhere.lab/");
});

test("takes no request of another page's making", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  const statusOf = async (headers: Record<string, string>, method = "GET") =>
    (await ask(url + alice.path, { cookie, ...headers }, { method })).status;
  expect(await statusOf({ origin: url }, "POST")).toBe(200);
  expect(await statusOf({ "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" })).toBe(200);
  const click = { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  expect(await statusOf(click)).toBe(200);
  expect(await statusOf(click, "POST")).toBe(403);
  expect(await statusOf({ ...click, "sec-fetch-dest": "iframe" })).toBe(403);
  expect(await statusOf({ origin: "http://berth.lab:3000" })).toBe(403);
  expect(await statusOf({ origin: "null" })).toBe(403);
  expect(await statusOf({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
  expect(await statusOf({ referer: `${url}/bob/other/web/` })).toBe(403);
  expect(await statusOf({ "service-worker": "script" })).toBe(403);
});

test("carries WebSockets in both directions, and ends them with the visit", async () => {
  const { url, api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  echoSockets(alice);
  const cookie = await visit(alice.api, alice);
  const at = `${url.replace("http", "ws")}${alice.path}socket`;
  const socket = new WebSocket(at, "chat", { headers: { cookie, origin: url } });
  await once(socket, "open");
  expect(socket.protocol).toBe("chat");
  const big = "x".repeat(MEGABYTE);
  for (const text of ["hello", big]) {
    socket.send(text);
    const [message] = (await once(socket, "message")) as [Buffer];
    expect(message.toString() === text).toBe(true);
  }
  for (const headers of [{}, { cookie, origin: "http://evil.lab" }]) {
    const refused = new WebSocket(at, { headers: headers as Record<string, string> });
    const [error] = (await once(refused, "error")) as [Error];
    expect(error.message).toMatch(/40[13]/);
  }
  const closed = once(socket, "close");
  await api.services.sql("UPDATE users SET token_epoch = token_epoch + 1 WHERE user_id = $1", [alice.actor.user_id]);
  await closed;
});

test("streams events as they come, and tells the program that the visitor has left", async () => {
  const { url, addContainer } = await openProxy();
  const left = Promise.withResolvers<void>();
  const alice = await addContainer("alice", "train", (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    response.once("close", left.resolve);
  });
  const cookie = await visit(alice.api, alice);
  const request = httpRequest(url + alice.path, { headers: { cookie }, agent: false }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  expect(String((await once(response, "data"))[0])).toBe("data: 1\n\n");
  response.on("error", () => {});
  request.destroy();
  await left.promise;
});

test("passes 300 MB up and down, and holds little of it", async () => {
  const { url, addContainer } = await openProxy();
  const total = 300 * MEGABYTE;
  const part = Buffer.alloc(MEGABYTE, 5);
  const alice = await addContainer("alice", "train", (request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      response.setHeader("content-length", total);
      for (let sent = 0; sent < total; sent += MEGABYTE) if (!response.write(part)) await once(response, "drain");
      response.end();
      return;
    }
    let length = 0;
    for await (const chunk of request) length += (chunk as Buffer).length;
    response.end(String(length));
  }
  const cookie = await visit(alice.api, alice);
  const grownBytes = watchHeldBytes();
  const upload = httpRequest(url + alice.path, { method: "POST", headers: { cookie }, agent: false });
  const answered = once(upload, "response");
  for (let sent = 0; sent < total; sent += MEGABYTE) if (!upload.write(part)) await once(upload, "drain");
  upload.end();
  const [response] = (await answered) as [IncomingMessage];
  expect(String((await once(response, "data"))[0])).toBe(String(total));
  const download = httpRequest(url + alice.path, { headers: { cookie }, agent: false }).end();
  const [body] = (await once(download, "response")) as [IncomingMessage];
  let length = 0;
  for await (const chunk of body) length += (chunk as Buffer).length;
  const grown = grownBytes();
  expect(length).toBe(total);
  // The program's and the client's buffers count, too: 600 MB have passed.
  expect(grown).toBeLessThan(total / 3);
});

test("shows a page that says what is wrong", async () => {
  const reasons = { not_running: 503, nothing_listens: 502, machine_away: 504, no_relay: 503 };
  let reason = "";
  const { url, addContainer } = await openProxy(null, {
    dial: () => Promise.reject(new DomainError("UNAVAILABLE", `because of <${reason}>`, { reason })),
  });
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  for (const [name, status] of Object.entries(reasons)) {
    reason = name;
    const answer = await ask(url + alice.path, { cookie, accept: "text/html" });
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`because of &#60;${name}&#62;`);
    const socket = new WebSocket(`${url.replace("http", "ws")}${alice.path}`, { headers: { cookie } });
    expect(((await once(socket, "error")) as [Error])[0].message).toContain(String(status));
  }
});

test("whatever a program answers, it is one page that failed, and the next is shown", async () => {
  let said = "";
  const program = createServer((socket) => socket.once("data", () => socket.end(said))).listen(0, "127.0.0.1");
  await once(program, "listening");
  onTestFinished(() => void program.close());
  const { url, addContainer } = await openProxy(null, {
    async dial() {
      const socket = connect({ host: "127.0.0.1", port: (program.address() as AddressInfo).port });
      await once(socket, "connect");
      return new ReachConnection({ readable: socket, writable: socket, end: () => socket.destroy() });
    },
  });
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  const answers = [
    ...["000 x", "001 x", "099 x", "600 x", "999 x", "1000 x", "-1 x", "abc"].map(
      (status) => `HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\nhi`,
    ),
    ...["bad name: x", "name: \u0001", "é: x", "content-length: 1\r\ncontent-length: 2", "content-length: -1"].map(
      (header) => `HTTP/1.1 200 OK\r\n${header}\r\n\r\nhi`,
    ),
    "nonsense",
    "",
  ];
  const handshake = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  for (said of [...answers, handshake]) {
    const answer = await ask(url + alice.path, { cookie });
    expect([said, answer.status]).toEqual([said, 502]);
  }
  for (said of answers) {
    const socket = new WebSocket(`${url.replace("http", "ws")}${alice.path}`, { headers: { cookie } });
    expect([said, ((await once(socket, "error")) as [Error])[0].message]).toEqual([
      said,
      expect.stringContaining("502"),
    ]);
  }
  said = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  expect(await ask(url + alice.path, { cookie })).toMatchObject({ status: 200, body: "hi" });
});

test.each(["GET", "DELETE", "OPTIONS", "POST"])(
  "what stands in the body of a %s is no request of its own",
  async (method) => {
    const { url, addContainer } = await openProxy();
    const asked: string[] = [];
    const alice = await addContainer("alice", "train", (request, response) => void serve(request, response));
    async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      asked.push(`${request.method} ${request.url} ${body}`);
      response.end();
    }
    const cookie = await visit(alice.api, alice);
    const body = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    const length = { "content-length": String(body.length) };
    for (const framing of [
      { "transfer-encoding": "chunked" },
      length,
      { ...length, connection: "close, content-length" },
    ] as Record<string, string>[]) {
      expect((await ask(url + alice.path, { cookie, ...framing }, { method, body })).status).toBe(200);
    }
    expect((await ask(`${url}${alice.path}end`, { cookie })).status).toBe(200);
    expect(asked).toEqual([...Array(3).fill(`${method} / ${body}`), "GET /end "]);
  },
);

test("upgrades no request that has a body: what is in it would be the program's next", async () => {
  const { url, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const cookie = await visit(alice.api, alice);
  for (const [method, framing] of [
    ["GET", { "content-length": "2" }],
    ["GET", { "transfer-encoding": "chunked" }],
    ["POST", {}],
  ] as const) {
    const headers = { cookie, connection: "upgrade", upgrade: "websocket", ...framing };
    expect((await ask(url + alice.path, headers, { method, body: "hi" })).status).toBe(400);
  }
});

test("gives each port an origin of its own below a wildcard domain", async () => {
  const { url, api, addContainer } = await openProxy("pages.lab", { host: "pages.lab" });
  const alice = await addContainer("alice", "train", tell);
  const opened = await alice.api.container.open({ container_id: alice.container_id, port: "web" });
  const { port } = new URL(url);
  const host = `web--train--alice.pages.lab:${port}`;
  expect(opened.url.startsWith(`http://${host}/.berth/open?code=`)).toBe(true);
  const here = (target: string): string => target.replace(/^http:\/\/[^/]*/, `http://127.0.0.1:${port}`);
  const entered = await ask(here(opened.url), { host });
  expect(entered).toMatchObject({ status: 302, headers: { location: "/" } });
  const cookie = entered.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const answer = await ask(here("http://x/any?a=b"), { host, cookie });
  expect(toldOf(answer.body).url).toBe("/any?a=b");
  expect(answer.headers).not.toHaveProperty("content-security-policy");
  expect((await ask(here("http://x/"), { host: `web--other--alice.pages.lab:${port}`, cookie })).status).toBe(401);
  expect((await ask(here("http://x/alice/train/web/"), { host: `pages.lab:${port}`, cookie })).status).toBe(401);
  await api.services.sql("UPDATE machines SET simulated = false");
  const { connect } = await alice.api.container.get({ container_id: alice.container_id });
  expect(connect.urls[0]).toBe(`http://${host}/`);
});

test("a cookie is kept as its hash alone", async () => {
  const { api, addContainer } = await openProxy();
  const alice = await addContainer("alice", "train", tell);
  const token = (await visit(alice.api, alice)).split("=")[1] ?? "";
  const rows = await api.services.sql<{ hash: string }>("SELECT encode(token_hash, 'hex') AS hash FROM proxy_sessions");
  expect(rows).toEqual([{ hash: createHash("sha256").update(token).digest("hex") }]);
});

test("asks the program for nobody who left while it was looked up who they are", async () => {
  const { api, proxy, url, addContainer } = await openProxy();
  const asked: (string | undefined)[] = [];
  const alice = await addContainer("alice", "train", (request, response) => {
    asked.push(request.url);
    if (request.url === "/stays") response.end();
  });
  const cookie = await visit(alice.api, alice);
  const connection = once(proxy.server, "connection");
  const leaver = connect(Number(new URL(url).port), "127.0.0.1");
  const [accepted] = (await connection) as [Socket];
  await api.db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE proxy_sessions IN ACCESS EXCLUSIVE MODE`;
    leaver.write(`GET ${alice.path}leaves HTTP/1.1\r\nHost: berth\r\nCookie: ${cookie}\r\n\r\n`);
    await untilSomeoneWaits(api.services.sql);
    leaver.destroy();
    if (!accepted.closed) await once(accepted, "close");
  }, LONG_TRANSACTION);
  expect((await ask(`${url}${alice.path}stays`, { cookie })).status).toBe(200);
  expect(asked).toEqual(["/stays"]);
});

function echoSockets({ server }: OwnedContainer): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (accepted) => accepted.on("message", (data) => accepted.send(data))),
  );
}
