import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

const REQUEST_TIMEOUT_MS = 2_000;

/**
 * Returns when the server answers 200 at `/readyz`. It may take any time (the supervisor is starting it again, say), so
 * the signal is what ends the waiting; `onSlow` is called every 30 s meanwhile.
 */
export async function waitUntilReady(origin: string, signal: AbortSignal, onSlow: () => void): Promise<void> {
  const slow = setInterval(onSlow, 30_000);
  try {
    while (!(await isReady(origin, signal))) await delay(50, undefined, { signal });
  } finally {
    clearInterval(slow);
  }
}

async function isReady(origin: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await askStatus(`${origin}/readyz`, signal)) === 200;
  } catch (error) {
    if (signal.aborted) throw error;
    return false; // nothing listens yet, or it is not an answer yet
  }
}

function askStatus(url: string, signal: AbortSignal): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = url.startsWith("https:") ? secureRequest : plainRequest;
  const sent = request(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    agent: false,
    // It is our own server, at an address of this machine, which its certificate need not name. Nothing is told to it.
    rejectUnauthorized: false,
  });
  sent.on("response", (answer) => {
    answer.on("error", reject).resume();
    resolve(answer.statusCode);
  });
  sent.on("error", reject).end();
  return promise;
}
