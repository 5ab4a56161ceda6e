import { type IncomingHttpHeaders, request } from "node:http";
import { buffer } from "node:stream/consumers";

export interface Question {
  token?: string;
  /** Sent as JSON. */
  body?: object;
  headers?: Record<string, string>;
  /** The address of this machine that it comes from: any of 127.0.0.0/8. */
  from?: string;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** Of the body, where it is JSON. */
  json: unknown;
}

/** One request over plain HTTP, with headers as given: `fetch` keeps some to itself, and chooses its own address. */
export async function ask(method: string, url: string, question: Question = {}): Promise<Answer> {
  const { token, body, headers, from } = question;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(url, {
    method,
    agent: false,
    ...(from !== undefined && { localAddress: from }),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/json" }),
      ...headers,
    },
  });
  sent.once("error", reject);
  sent.once("response", (answer) => {
    buffer(answer).then((bytes) => {
      const isJson = answer.headers["content-type"]?.startsWith("application/json") === true;
      const json: unknown = isJson ? JSON.parse(bytes.toString()) : null;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, json });
    }, reject);
  });
  sent.end(body && JSON.stringify(body));
  return promise;
}
