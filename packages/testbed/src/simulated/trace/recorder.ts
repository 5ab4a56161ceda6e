import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { type Exchange, keptHeaders, readAnswer } from "./exchange.ts";
import { sendRequest, type Wire } from "./http.ts";
import { Recording } from "./placeholders.ts";

export interface Recorder {
  /** What has been asked and answered so far. */
  exchanges: Exchange[];
  close(): Promise<void>;
}

/**
 * Stands in front of an engine, at a socket of its own, and writes down what is asked and answered. An answer is passed on
 * when it has ended: it is for calls that end. `words` are what this run alone has, and what stands for each.
 */
export async function startRecorder(
  engine: Wire,
  socketPath: string,
  words: Readonly<Record<string, string>>,
): Promise<Recorder> {
  const recording = new Recording(words);
  const exchanges: Exchange[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const pass = async (): Promise<void> => {
      const body = await buffer(incoming);
      const answer = await sendRequest(engine, { method, path: url, headers, body });
      exchanges.push({
        request: recording.text(`${method} ${decodeURIComponent(url)}`),
        body: recording.value(readAnswer(body.toString())),
        status: answer.status,
        headers: keptHeaders(answer.headers),
        answer: recording.value(readAnswer(answer.body.toString())),
      });
      const { "transfer-encoding": _, ...passedOn } = answer.headers;
      outgoing.writeHead(answer.status, passedOn).end(answer.body);
    };
    pass().catch((error: unknown) => outgoing.destroy(error as Error));
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    exchanges,
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(socketPath, { force: true });
    },
  };
}
