import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Actor, Person } from "@berth/api/context.ts";
import { recordProxyAddress } from "@berth/api/proxy/addresses.ts";
import { type Caller, type InProcessApi, openInProcessApi } from "@berth/api/testing/in-process-api.ts";
import { onTestFinished } from "vitest";
import { createLog } from "../../log.ts";
import { type Live, openLive } from "../../live/open-live.ts";
import { ReachConnection } from "../../reach/reach-connection.ts";
import type { Reach } from "../../reach/reach.ts";
import { Proxy } from "../proxy.ts";
import type { StrangerLimits } from "../strangers.ts";

export interface OpenedProxy {
  api: InProcessApi;
  proxy: Proxy;
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** A user with a container `name`, whose http port `web` is served by `program`. */
  addContainer(account: string, name: string, program: RequestListener, port?: object): Promise<OwnedContainer>;
}

export interface OwnedContainer {
  api: Caller;
  actor: Actor & Person;
  container_id: number;
  /** Its program, for upgrades. */
  server: ReturnType<typeof createServer>;
  /** Where its pages are, below the proxy's origin. */
  path: string;
}

/**
 * The proxy on a database of its own. Programs are servers of this process, reached as a published port would be: how a
 * container is reached is tested on engines.
 */
export async function openProxy(
  domain: string | null = null,
  change: { host?: string; dial?: Reach["dial"]; limits?: Partial<StrangerLimits> } = {},
): Promise<OpenedProxy> {
  const api = await openInProcessApi();
  const log = createLog("silent");
  const live: Live = await openLive(api.database_url, log);
  const programs = new Map<number, number>();
  const reach: Pick<Reach, "dial"> = {
    async dial({ container_id }) {
      const socket = connect({ host: "127.0.0.1", port: programs.get(container_id) ?? 1 });
      await once(socket, "connect");
      return new ReachConnection({ readable: socket, writable: socket, end: () => socket.destroy() });
    },
    ...(change.dial && { dial: change.dial }),
  };
  const address = { url: "http://127.0.0.1", domain };
  const consoleUrl = "http://berth.lab:3000";
  const { limits = {} } = change;
  const proxy = new Proxy({ services: api.services, reach, log, address, consoleUrl, live, limits });
  const host = change.host ?? "127.0.0.1";
  address.url = `http://${host}:${await proxy.listen("127.0.0.1", 0)}`;
  await recordProxyAddress(api.services.sql, address);
  const machine = await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "busybox:latest" });
  onTestFinished(async () => {
    await proxy.close();
    await live.close();
    await api.close();
  });
  const users = new Map<string, { actor: Actor; api: Caller }>();
  return {
    api,
    proxy,
    url: address.url,
    async addContainer(account, name, program, port = {}) {
      const user = users.get(account) ?? (await api.addUser(account));
      users.set(account, user);
      const server = createServer(program).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const ports = [{ name: "web", kind: "http" as const, container_port: 8080, publish: false, ...port }];
      const input = { name, image: "public/base:1", machine_id: machine.machine_id, ports };
      const { container_id } = await user.api.container.create(input);
      programs.set(container_id, (server.address() as AddressInfo).port);
      return { ...user, container_id, server, path: `/${account}/${name}/web/` };
    },
  };
}

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** One request, as a program makes it: every header may be said. */
export async function ask(
  url: string,
  headers: Record<string, string> = {},
  { method = "GET", body }: { method?: string; body?: string } = {},
): Promise<Answer> {
  const request = httpRequest(url, { method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}

/** Opens the port as `by`, and answers the cookie that lets in. */
export async function visit(by: Caller, { container_id }: { container_id: number }): Promise<string> {
  const { url } = await by.container.open({ container_id, port: "web" });
  const { headers } = await ask(url);
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}
