import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";

const DEADLINE_MS = 5_000;

export interface AskedRegistry {
  url: string;
  /** PEM of the authority to believe beside the public ones. */
  ca?: string;
  /** Of one's own registry, at an address that its certificate need not name. */
  isTrusted?: boolean;
  /** Only whether it is there, which it does not write into its log. */
  isPulse?: boolean;
  signal?: AbortSignal;
}

/** Returns where a registry answers, as one that wants a token or one that is open. Throws why not. */
export async function askRegistry({
  url,
  ca,
  isTrusted = false,
  isPulse = false,
  signal,
}: AskedRegistry): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = url.startsWith("https:") ? secureRequest : plainRequest;
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const sent = request(isPulse ? url : `${url}/v2/`, {
    agent: false,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    rejectUnauthorized: !isTrusted,
    ...(ca !== undefined && { ca }),
  });
  sent.on("response", (answer) => {
    answer.on("error", reject).resume();
    resolve(answer.statusCode);
  });
  sent.on("error", (error) => reject(deadline.aborted ? new Error("no answer within 5 seconds") : error)).end();
  const status = await promise;
  if (status !== 200 && status !== 401) throw new Error(`status ${status}, where a registry answers 200 or 401`);
}
