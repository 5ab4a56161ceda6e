import { compareAnswers } from "./compare.ts";
import { keptHeaders, readAnswer, type Trace } from "./exchange.ts";
import { sendRequest, type Wire } from "./http.ts";
import { Bindings } from "./placeholders.ts";

/** Asks an engine what the trace has asked, in its order, and resolves with all in which the answers are not the trace's. */
export async function replayTrace(
  trace: Trace,
  engine: Wire,
  words: Readonly<Record<string, string>>,
): Promise<string[]> {
  const bindings = new Bindings(words);
  const differences: string[] = [];
  for (const exchange of trace) {
    const [method = "", ...rest] = bindings.fill(exchange.request).split(" ");
    const body = exchange.body === null ? "" : bindings.fill(JSON.stringify(exchange.body));
    const {
      status,
      headers,
      body: bytes,
    } = await sendRequest(engine, {
      method,
      path: encodeURI(rest.join(" ")),
      headers: exchange.body === null ? {} : { "Content-Type": "application/json" },
      body: Buffer.from(body),
    });
    const came = { status, headers: keptHeaders(headers), answer: readAnswer(bytes.toString()) };
    differences.push(...compareAnswers(exchange, came, bindings));
  }
  return differences;
}
