import type { Chance } from "./chance.ts";
import { makeMultipart } from "./make-multipart.ts";
import { makeValue, spoil, type ValueMaker } from "./make-value.ts";
import { ODD_TEXTS } from "./odd-values.ts";
import type { DocumentedOperation } from "./openapi-document.ts";

export interface MadeRequest {
  operation: DocumentedOperation;
  method: string;
  /** With its query, as it goes over the wire. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

/** One call of `operation`: half of them as the document asks, the others wrong in one way or another. */
export function makeRequest(maker: ValueMaker, operation: DocumentedOperation, tokens: readonly string[]): MadeRequest {
  const { chance } = maker;
  const headers: Record<string, string> = {};
  const authorization = makeAuthorization(chance, tokens);
  if (authorization !== null) headers["authorization"] = authorization;
  if (chance.happens(0.1))
    headers["idempotency-key"] = chance.pick(["a", "key-1", "key-2", "k".repeat(255), "k".repeat(300), " ", "ü"]);
  const body = makeBody(maker, operation, headers);
  return { operation, method: operation.method, path: makePath(maker, operation), headers, body };
}

function makeAuthorization(chance: Chance, tokens: readonly string[]): string | null {
  if (chance.happens(0.9)) return `Bearer ${chance.pick(tokens)}`;
  return chance.pick([
    null,
    "",
    "Bearer",
    "Bearer  ",
    "Basic YTpi",
    "Bearer a.b.c",
    `Bearer ${"x".repeat(5_000)}`,
    "bearer berth_x",
  ]);
}

function makePath(maker: ValueMaker, { path, parameters }: DocumentedOperation): string {
  const { chance } = maker;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const schema = parameters.find((parameter) => parameter.in === "path" && parameter.name === name)?.schema ?? {};
    if (chance.happens(0.05)) return chance.pick(["%", "%ff", "%00", "%c3%28", "..%2f..", "a/b", ""]);
    return encodeText(chance.happens(0.15) ? chance.pick(ODD_TEXTS) : String(makeValue(maker, schema, name)));
  });
  const query: string[] = [];
  for (const { in: place, name, schema } of parameters) {
    if (place !== "query" || !chance.happens(0.5)) continue;
    const value = chance.happens(0.3) ? chance.pick(ODD_TEXTS) : String(makeValue(maker, schema, name));
    query.push(`${encodeText(name)}=${chance.happens(0.05) ? "%ff%" : encodeText(value)}`);
    if (chance.happens(0.1)) query.push(`${name}=again`, `${name}[]=1`, `${name}[a]=1`);
  }
  if (chance.happens(0.05)) query.push("access_token=a.b.c", "=", "&&", "__proto__[a]=1");
  return filled.slice(0, 8_000) + (query.length > 0 ? `?${query.join("&").slice(0, 8_000)}` : "");
}

/** As a URL has it; half a character, which no encoding has, becomes the sign for one that is unknown. */
const encodeText = (text: string): string => encodeURIComponent(text.toWellFormed());

function makeBody(maker: ValueMaker, operation: DocumentedOperation, headers: Record<string, string>): Buffer | null {
  const { chance } = maker;
  const content = operation.requestBody?.content;
  if (!content) {
    if (!chance.happens(0.05)) return null;
    headers["content-type"] = "application/json";
    return Buffer.from('{"unexpected":true}');
  }
  const multipart = content["multipart/form-data"];
  if (multipart) return makeMultipart(maker, multipart.schema, headers);
  headers["content-type"] = "application/json";
  const value = makeValue(maker, content["application/json"]?.schema ?? {}, "");
  if (chance.happens(0.55)) return Buffer.from(JSON.stringify(value));
  if (chance.happens(0.7)) return Buffer.from(JSON.stringify(spoil(chance, value)) ?? "");
  return breakJson(chance, JSON.stringify(value) ?? "{}", headers);
}

/** What is no JSON object, or says that it is something else. */
function breakJson(chance: Chance, json: string, headers: Record<string, string>): Buffer {
  const ways: (() => Buffer)[] = [
    () => Buffer.from(json.slice(0, chance.below(json.length + 1))),
    () => Buffer.from(json.replace(/^\{/, '{"account":"a","account":"b","__proto__":{"x":1},')),
    () => Buffer.from(`\ufeff${json}`),
    () => Buffer.from(json, "utf16le"),
    () => Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from([0xff, 0xfe, 0xc3, 0x28]), Buffer.from("}")]),
    () => Buffer.from("[".repeat(100_000)),
    () => Buffer.from('{"a":'.repeat(20_000)),
    () =>
      Buffer.from(chance.pick(["", "null", "true", "1", '"text"', "[]", "{}", "{}{}", "undefined", "'a'", "{a:1}"])),
    () => Buffer.from(`{"account":"${"x".repeat(1_200_000)}"}`),
    () => {
      headers["content-type"] = chance.pick([
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "nonsense",
        "multipart/form-data",
      ]);
      return Buffer.from(json);
    },
    () => {
      headers["content-encoding"] = "gzip";
      return Buffer.from(json);
    },
  ];
  return chance.pick(ways)();
}
