import { type Answer, createAnswerCheck, ASKS_OTHERS } from "./check-answer.ts";
import { createChance } from "./chance.ts";
import type { FuzzScene } from "./fuzz-scene.ts";
import { makeRequest, type MadeRequest } from "./make-request.ts";
import { readOpenApi } from "./openapi-document.ts";
import { createSender } from "./send-request.ts";

export interface FuzzOptions {
  serverUrl: string;
  /** Of the server, MiB; asked after each round. */
  memory: () => number | Promise<number>;
  scene: FuzzScene;
  requests: number;
  seed: number;
  /** After each round. */
  onProgress?: (report: FuzzReport) => void;
}

export interface FuzzReport {
  requests: number;
  byStatus: Record<string, number>;
  /** How often each operation was answered with 2xx: one that never was has not been tried. Without those that need an engine. */
  succeeded: Record<string, number>;
  /** What was wrong, with the request that shows it; at most 20. */
  faults: string[];
  /** Of the server after each round, in MiB. */
  memory: number[];
}

const ROUND = 500;
const PARALLEL = 8;
const ADDRESSES = 50;
const MAX_FAULTS = 20;

/** Plays requests that are made from the server's own document against it, and holds each answer against that document. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { serverUrl, scene, requests, seed, onProgress } = options;
  const chance = createChance(seed);
  const document = await readOpenApi(serverUrl);
  const check = createAnswerCheck(document);
  const sender = createSender(serverUrl, ADDRESSES);
  const report: FuzzReport = {
    requests: 0,
    byStatus: {},
    succeeded: Object.fromEntries(
      document.operations.filter(({ path }) => !ASKS_OTHERS.has(path)).map(({ operationId }) => [operationId, 0]),
    ),
    faults: [],
    memory: [],
  };
  const note = (request: MadeRequest, answer: Answer | null): void => {
    report.requests += 1;
    const status = answer === null ? "cut" : String(answer.status);
    report.byStatus[status] = (report.byStatus[status] ?? 0) + 1;
    if (answer === null) return;
    const { operationId } = request.operation;
    if (answer.status < 300) report.succeeded[operationId] = (report.succeeded[operationId] ?? 0) + 1;
    const fault = check(request.operation, answer);
    if (fault !== null) addFault(report, request, fault);
  };

  try {
    while (report.requests < requests && report.faults.length < MAX_FAULTS) {
      const maker = { chance, known: scene.known, resolve: document.resolve };
      const tokens = await scene.tokens();
      const round = Array.from({ length: Math.min(ROUND, requests - report.requests) }, () => {
        const operation = chance.pick(document.operations);
        return makeRequest({ ...maker, operationId: operation.operationId }, operation, tokens);
      });
      const worker = async (waiting: Iterator<MadeRequest>): Promise<void> => {
        for (let next = waiting.next(); !next.done; next = waiting.next()) {
          try {
            note(next.value, await sender.send(next.value));
          } catch (error) {
            addFault(report, next.value, `was not answered: ${(error as Error).message}`);
            report.requests += 1;
          }
        }
      };
      const waiting = round.values();
      await Promise.all(Array.from({ length: PARALLEL }, () => worker(waiting)));
      report.memory.push(await options.memory());
      onProgress?.(report);
    }
  } finally {
    sender.close();
  }
  return report;
}

function addFault(report: FuzzReport, { method, path, headers, body }: MadeRequest, fault: string): void {
  const { authorization: _authorization, ...shown } = headers;
  const text = body === null ? "no body" : body.toString("utf8").slice(0, 400);
  report.faults.push(`${method} ${path.slice(0, 300)} ${JSON.stringify(shown).slice(0, 300)} ${text}\n  ${fault}`);
}
