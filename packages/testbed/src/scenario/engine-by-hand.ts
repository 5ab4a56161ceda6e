import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

/** Any engine container with this uid but what was set aside; an id that is nobody's where there is none. */
export async function findOnEngine(socketPath: string, uid: string): Promise<string> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.uid=${uid}`], name: ["berth-|by-hand-"] }));
  const response = await send(socketPath, "GET", `/containers/json?all=1&filters=${filters}`);
  const found = JSON.parse(await text(response)) as { Id: string; Names: string[] }[];
  return found.find(({ Names }) => !Names[0]?.includes("-old-"))?.Id ?? "0".repeat(64);
}

/** One change on an engine behind Berth's back, far faster than by Docker's command line. False where the engine says no. */
export async function askEngine(socketPath: string, method: string, path: string, body?: object): Promise<boolean> {
  const { status } = await changeByHand(socketPath, method, path, body);
  return status < 300;
}

/** The same, with the engine's own words. */
export async function changeByHand(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; said: string }> {
  const response = await send(socketPath, method, path, body);
  return { status: response.statusCode ?? 0, said: await text(response) };
}

async function send(socketPath: string, method: string, path: string, body?: object): Promise<IncomingMessage> {
  const headers = body ? { "content-type": "application/json" } : {};
  const sent = request({ socketPath, method, path, headers, agent: false });
  sent.end(body ? JSON.stringify(body) : undefined);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
