import { setTimeout as delay } from "node:timers/promises";
import { compareAnswers } from "./compare.ts";
import { type Exchange, type Json, keptHeaders, readAnswer, type Trace } from "./exchange.ts";
import { sendRequest, type Wire } from "./http.ts";
import { Bindings } from "./placeholders.ts";

/** A command's output ends a moment before the engine knows that it has ended: Berth asks until it does. */
const EXEC_MS = 20_000;

/** Asks an engine what the trace has asked, in its order, and resolves with all in which the answers are not the trace's. */
export async function replayTrace(
  trace: Trace,
  engine: Wire,
  words: Readonly<Record<string, string>>,
): Promise<string[]> {
  const bindings = new Bindings(words);
  const differences: string[] = [];
  for (const exchange of trace) {
    let came = await ask(engine, exchange, bindings);
    const deadline = performance.now() + EXEC_MS;
    while (!isRunningExec(exchange, exchange) && isRunningExec(exchange, came) && performance.now() < deadline) {
      await delay(20);
      came = await ask(engine, exchange, bindings);
    }
    differences.push(...compareAnswers(exchange, came, bindings));
  }
  return differences;
}

type Answer = Pick<Exchange, "status" | "headers" | "answer">;

async function ask(engine: Wire, { request, body }: Exchange, bindings: Bindings): Promise<Answer> {
  const [method = "", ...rest] = bindings.fill(request).split(" ");
  const answer = await sendRequest(engine, {
    method,
    path: encodeURI(rest.join(" ")),
    headers: body === null ? {} : { "Content-Type": "application/json" },
    body: Buffer.from(body === null ? "" : bindings.fill(JSON.stringify(body))),
  });
  return {
    status: answer.status,
    headers: keptHeaders(answer.headers),
    answer: readAnswer(answer.body.toString()),
  };
}

function isRunningExec({ request }: Exchange, { answer }: { answer: Json }): boolean {
  if (!/^GET \/v[\d.]+\/exec\/[^/]+\/json$/.test(request)) return false;
  return answer !== null && typeof answer === "object" && "Running" in answer && answer["Running"] === true;
}
