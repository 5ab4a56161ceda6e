import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";

/** Docker's own orchestrator on the engine that Berth is measured on: what a lab would use that needs nothing more. */
export interface Swarm {
  /** The service is asked for → its container has started, as the engine says it, ms. */
  createAndStart(): Promise<number>;
  /** Its container is killed by hand, and has died → another has started, ms. */
  repair(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Of an event that concerns a container. */
interface ContainerEvent {
  Action: string;
  /** ns since 1970. */
  timeNano: number;
  Actor: { ID: string; Attributes: Record<string, string> };
}

const SERVICE = "com.docker.swarm.service.name";

/** Makes the engine at `socketPath` a swarm of its own. `image` is there already, so that nothing is pulled. */
export async function startSwarm(socketPath: string, address: string, image: string): Promise<Swarm> {
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const request = http.request({ socketPath, method, path, headers: { "content-type": "application/json" } });
    request.end(body && JSON.stringify(body));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    if (response.headers["content-type"] !== "application/json") return void response.resume() as Answer;
    const answer = await json(response);
    if ((response.statusCode ?? 0) < 300) return answer as Answer;
    throw new Error(`Docker Swarm: ${method} ${path} answered ${response.statusCode}: ${JSON.stringify(answer)}`);
  };
  const { Id: imageId } = await call<{ Id: string }>("GET", `/images/${image}/json`);
  await call("POST", "/swarm/init", { ListenAddr: `${address}:2377`, AdvertiseAddr: address });
  const events = await follow(socketPath);

  const create = async (): Promise<{ service: string; name: string; ms: number }> => {
    const name = `swarm-${randomBytes(4).toString("hex")}`;
    const started = events.next((event) => event.Action === "start" && event.Actor.Attributes[SERVICE] === name);
    const askedAt = Date.now();
    const { ID: service } = await call<{ ID: string }>("POST", "/services/create", {
      Name: name,
      TaskTemplate: {
        // By its id: an image that is named is asked for at its registry first.
        ContainerSpec: { Image: imageId, Command: ["sleep", "86400"], TTY: true, OpenStdin: true, Init: true },
        RestartPolicy: { Condition: "any", Delay: 0 },
        LogDriver: { Name: "json-file", Options: { "max-size": "10m", "max-file": "3" } },
      },
      Mode: { Replicated: { Replicas: 1 } },
    });
    return { service, name, ms: msOf(await started) - askedAt };
  };
  const remove = async ({ service, name }: { service: string; name: string }): Promise<void> => {
    const removed = events.next((event) => event.Action === "destroy" && event.Actor.Attributes[SERVICE] === name);
    await call("DELETE", `/services/${service}`);
    await removed;
  };

  return {
    async createAndStart() {
      const made = await create();
      await remove(made);
      return made.ms;
    },
    async repair() {
      const made = await create();
      const ofIt = (action: string) =>
        events.next(({ Action, Actor }) => Action === action && Actor.Attributes[SERVICE] === made.name);
      const filters = encodeURIComponent(JSON.stringify({ label: [`${SERVICE}=${made.name}`] }));
      const [container] = await call<{ Id: string }[]>("GET", `/containers/json?filters=${filters}`);
      const [died, started] = [ofIt("die"), ofIt("start")];
      await call("POST", `/containers/${container?.Id}/kill`);
      const ms = msOf(await started) - msOf(await died);
      await remove(made);
      return ms;
    },
    async [Symbol.asyncDispose]() {
      events.close();
      await call("POST", "/swarm/leave?force=1");
    },
  };
}

const msOf = ({ timeNano }: ContainerEvent): number => timeNano / 1_000_000;

/** The engine's events about containers, to be awaited. */
async function follow(socketPath: string) {
  const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
  const request = http.get({ socketPath, path: `/events?filters=${filters}` });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let waiting: { isIt: (event: ContainerEvent) => boolean; resolve: (event: ContainerEvent) => void }[] = [];
  const lines = createInterface({ input: response }).on("error", () => {}); // it is cut in the end
  lines.on("line", (line) => {
    const event = JSON.parse(line) as ContainerEvent;
    for (const { resolve } of waiting.filter(({ isIt }) => isIt(event))) resolve(event);
    waiting = waiting.filter(({ isIt }) => !isIt(event));
  });
  request.on("error", () => {});
  return {
    next: (isIt: (event: ContainerEvent) => boolean): Promise<ContainerEvent> =>
      new Promise((resolve) => waiting.push({ isIt, resolve })),
    close: () => request.destroy(),
  };
}
