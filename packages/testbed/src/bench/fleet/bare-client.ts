import { Agent, request } from "node:https";
import { createSecureContext } from "node:tls";
import type { EngineTls } from "@berth/spec/machine.ts";
import pLimit from "p-limit";

/** As many as the reconciler reads and changes at once, of all machines and of each. */
const READS = 64;
const CHANGES = 512;
const CHANGES_EACH = 4;

/** What an engine's answers cost a program that does nothing else: Node's own client, connections kept, JSON parsed. */
export class BareClient {
  readonly #agents: Map<string, Agent>;

  constructor(urls: readonly string[], tls: EngineTls) {
    const secureContext = createSecureContext(tls);
    const agent = (): Agent => new Agent({ keepAlive: true, maxSockets: CHANGES_EACH, secureContext });
    this.#agents = new Map(urls.map((url) => [url, agent()]));
  }

  /** Lists every engine's containers as the reconciler does. Returns how many there are. */
  async sweep(installation: string): Promise<number> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.installation=${installation}`] }));
    const limit = pLimit(READS);
    const lists = await Promise.all(
      [...this.#agents.keys()].map((url) =>
        limit(() => this.#ask(url, "GET", `/v1.51/containers/json?all=true&filters=${filters}`)),
      ),
    );
    return lists.reduce<number>((sum, list) => sum + (list as unknown[]).length, 0);
  }

  /** Creates and starts so many containers on each engine. */
  async fill(count: number, image: string): Promise<void> {
    const limit = pLimit(CHANGES);
    const body = {
      Image: image,
      Cmd: ["sleep", "86400"],
      Labels: { "bench.bare": "true" },
      Tty: true,
      OpenStdin: true,
      HostConfig: { Init: true, RestartPolicy: { Name: "unless-stopped" } },
    };
    const lanes = new Map([...this.#agents.keys()].map((url) => [url, pLimit(CHANGES_EACH)]));
    const places = Array.from({ length: count }, (_, number) =>
      [...lanes].map(([url, lane]) => ({ url, lane, number })),
    );
    await Promise.all(
      places.flat().map(({ url, lane, number }) =>
        lane(() =>
          limit(async () => {
            const made = await this.#ask(url, "POST", `/v1.51/containers/create?name=bare-${number}`, body);
            await this.#ask(url, "POST", `/v1.51/containers/${(made as { Id: string }).Id}/start`);
          }),
        ),
      ),
    );
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #ask(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const { hostname, port } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const agent = this.#agents.get(url);
    const sent = request({ agent, hostname, port, method, path, headers: { "content-type": "application/json" } });
    sent.once("error", reject);
    sent.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        const status = response.statusCode ?? 0;
        if (status >= 300) reject(new Error(`${method} ${path}: ${status} ${text}`));
        else resolve(text === "" ? null : JSON.parse(text));
      });
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}
