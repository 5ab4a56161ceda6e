import { Agent, request } from "node:http";

/** One request, ready to be sent. */
export interface Call {
  method: "GET" | "POST";
  /** With the host and port. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** One of this machine's loopback addresses, by which a server tells callers apart. */
  from: string;
}

export interface Load {
  /** Milliseconds, one a call. */
  latencies: number[];
  /** Milliseconds for all of them. */
  tookMs: number;
}

/** Sends calls over connections that stay open; anything but a 200 is the end of the measurement. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true });

  /** `count` calls, `parallel` of them under way at any time: as one is answered, the next begins. */
  async send(callOf: (at: number) => Call, { count, parallel }: { count: number; parallel: number }): Promise<Load> {
    const latencies: number[] = [];
    const startedAt = performance.now();
    const lane = async (first: number): Promise<void> => {
      for (let at = first; at < count; at += parallel) {
        const call = callOf(at);
        const sentAt = performance.now();
        await this.body(call);
        latencies.push(performance.now() - sentAt);
      }
    };
    await Promise.all(Array.from({ length: parallel }, (_, first) => lane(first)));
    return { latencies, tookMs: performance.now() - startedAt };
  }

  body({ url, from, body, method, headers }: Call): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method, agent: this.#agent, localAddress: from, headers: headers ?? {} },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (answer.statusCode === 200) resolve(text);
            else reject(new Error(`${method} ${url} answered ${answer.statusCode}: ${text.slice(0, 300)}`));
          });
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
