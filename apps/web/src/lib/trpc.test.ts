import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";

test("asks for no more at once than the server takes", async () => {
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    const calls = url.slice("/trpc/".length, url.indexOf("?")).split(",");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(calls.map((call) => ({ result: { data: call } }))));
  }).listen(0, "127.0.0.1");
  const asked: string[] = [];
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  vi.stubGlobal("location", { protocol: "http:", host: `127.0.0.1:${port}` });
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (path: string, options: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, options));
  onTestFinished(() => void vi.unstubAllGlobals());
  const { trpcClient } = await import("./trpc.ts");

  await Promise.all(Array.from({ length: 45 }, (_, n) => trpcClient.container.get.query({ container_id: n + 1 })));
  expect(asked.map((url) => url.split("?")[0]!.split(",").length)).toEqual([20, 20, 5]);

  asked.length = 0;
  const path = "/long".repeat(500);
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => trpcClient.container.list_files.query({ container_id: n + 1, path })),
  );
  expect(Math.max(...asked.map(({ length }) => length))).toBeLessThan(16 * 1_024 - 4_096);
});
