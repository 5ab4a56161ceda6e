import { DIFFERENCES } from "./differences.ts";
import type { Exchange, Json } from "./exchange.ts";
import type { Bindings } from "./placeholders.ts";

/** In what an answer is not the trace's, one line each: where, what the trace has, and what came. */
export function compareAnswers(
  written: Exchange,
  came: Pick<Exchange, "status" | "headers" | "answer">,
  bindings: Bindings,
): string[] {
  const call = callOf(written.request);
  const isLeftOut = (path: string): boolean =>
    DIFFERENCES.some(({ calls, paths }) => calls.test(call) && paths.some((pattern) => pattern.test(path)));
  const found: string[] = [];
  const compare = (path: string, left: Json | undefined, right: Json | undefined): void => {
    if (isLeftOut(path)) return;
    if (Array.isArray(left) && Array.isArray(right)) {
      for (let at = 0; at < Math.max(left.length, right.length); at++) compare(`${path}[${at}]`, left[at], right[at]);
    } else if (isObject(left) && isObject(right)) {
      const pairs = pairKeys(left, right, bindings);
      for (const [key, other] of pairs) compare(`${path}.${key}`, left[key], other === null ? undefined : right[other]);
    } else if (typeof left === "string" && (typeof right === "string" || typeof right === "number")) {
      if (!bindings.matches(left, String(right))) found.push(`${path}: ${show(left)}, not ${show(right)}`);
    } else if (left !== right) found.push(`${path}: ${show(left)}, not ${show(right)}`);
  };
  compare("status", written.status, came.status);
  compare("headers", written.headers, came.headers);
  compare("answer", written.answer, came.answer);
  return found.map((difference) => `${written.request} ${difference}`);
}

/** `GET /containers/<id 1>/json`: without version and query. */
function callOf(request: string): string {
  return request.replace(/ \/v\d+\.\d+\//, " /").replace(/\?.*$/, "");
}

/** Keys may hold placeholders as values do: names of volumes, of images. */
function pairKeys(left: object, right: object, bindings: Bindings): [string, string | null][] {
  const rest = new Set(Object.keys(right));
  const pairs = Object.keys(left).map((key): [string, string | null] => {
    const other = [...rest].find((candidate) => bindings.matches(key, candidate)) ?? null;
    if (other !== null) rest.delete(other);
    return [key, other];
  });
  return [...pairs, ...[...rest].map((key): [string, string] => [key, key])];
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: Json | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
