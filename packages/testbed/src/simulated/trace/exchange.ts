import { z } from "zod";

/** One request to an engine and what it answered. In texts, placeholders stand for what no two runs have in common. */
export const Exchange = z.object({
  /** `POST /v1.41/containers/create?name=box` */
  request: z.string(),
  /** JSON; null where there was none. */
  body: z.json(),
  status: z.int(),
  /** Only those that Berth, or an HTTP client, acts on. */
  headers: z.record(z.string(), z.string()),
  /** JSON, or each line of several, or the text. Null where there was none. */
  answer: z.json(),
});
export type Exchange = z.infer<typeof Exchange>;

export const Trace = z.array(Exchange);
export type Trace = z.infer<typeof Trace>;

export type Json = z.infer<ReturnType<typeof z.json>>;

const HEADERS = ["api-version", "content-type", "ostype"];

export function keptHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    HEADERS.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]]] : [])),
  );
}

/** Progress of pulls and pushes is left out: how often it is told is a matter of time. */
export function readAnswer(text: string): Json {
  if (text === "") return null;
  const lines = text.trim().split(/\r?\n/);
  try {
    const values = lines.map((line): Json => z.json().parse(JSON.parse(line)));
    if (values.length === 1) return values[0] ?? null;
    return values.filter((value) => !isProgress(value));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text;
  }
}

function isProgress(value: Json): boolean {
  return typeof value === "object" && value !== null && "progressDetail" in value && !("aux" in value);
}
