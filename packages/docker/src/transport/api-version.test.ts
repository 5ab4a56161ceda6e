import { describe, expect, test } from "vitest";
import { connectEngine } from "../connect-engine.ts";
import { negotiate } from "./api-version.ts";
import { startFaultServer } from "./fault-server.fixture.ts";

test.each([
  ["1.41", "1.41"],
  ["1.47", "1.47"],
  ["1.51", "1.51"],
  ["1.53", "1.51"],
  ["2.0", "1.51"],
])("speaks with an engine of API %s version %s", (engine, ours) => {
  expect(negotiate({ "api-version": engine })).toEqual({ api_version: ours, engine_api_version: engine });
});

test.each(["1.24", "1.40"])("refuses an engine of API %s as too old", (version) => {
  expect(() => negotiate({ "api-version": version })).toThrow(expect.objectContaining({ kind: "unsupported" }));
});

test.each([undefined, "", "new", "1.41.2"])("takes an answer with the version %j for none of Docker's", (version) => {
  const headers = version === undefined ? {} : { "api-version": version };
  expect(() => negotiate(headers)).toThrow(expect.objectContaining({ kind: "protocol" }));
});

test("agrees once for calls that come at the same time", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  await Promise.all(Array.from({ length: 10 }, () => server.engine.listContainers({ labels: {} })));
  expect(server.pings).toBe(1);
  expect(new Set(server.requests)).toEqual(
    new Set(["GET /v1.41/containers/json?all=true&filters=%7B%22label%22%3A%5B%5D%7D"]),
  );
});

test("agrees anew when an answer shows that Docker was exchanged", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  await server.engine.listContainers({ labels: {} });
  server.apiVersion = "1.51";
  await server.engine.listContainers({ labels: {} });
  await server.engine.listContainers({ labels: {} });
  expect(server.requests.map((request) => request.split("/")[1])).toEqual(["v1.41", "v1.41", "v1.51"]);
});

describe("a version that was agreed on before", () => {
  const versionsOf = (requests: string[]): string[] => requests.map((request) => request.split("/")[1] ?? "");

  test.each([
    ["is spoken without asking", "1.41", "1.41", ["v1.41", "v1.41"], 0],
    ["is left for a newer one with the first answer", "1.41", "1.51", ["v1.41", "v1.51"], 0],
    ["that Berth does not speak is asked for", "1.24", "1.41", ["v1.41", "v1.41"], 1],
    ["that is none is asked for", "newest", "1.41", ["v1.41", "v1.41"], 1],
  ])("%s", async (_, apiVersion, engines, spoken, pings) => {
    await using server = await startFaultServer(({ response }) => response.end("[]"));
    server.apiVersion = engines;
    const engine = connectEngine({ kind: "plain", host: "127.0.0.1", port: server.port }, { apiVersion });
    await engine.listContainers({ labels: {} });
    await engine.listContainers({ labels: {} });
    expect({ spoken: versionsOf(server.requests), pings: server.pings }).toEqual({ spoken, pings });
    engine.close();
  });
});

test("asks again in the engine's version when the engine finds ours too new", async () => {
  await using server = await startFaultServer(({ request, response }) => {
    if (request.url?.startsWith("/v1.41/")) response.end("[]");
    else
      response
        .writeHead(400)
        .end('{"message":"client version 1.51 is too new. Maximum supported API version is 1.41"}');
  });
  server.apiVersion = "1.51";
  await server.engine.ping();
  server.apiVersion = "1.41";
  expect(await server.engine.listContainers({ labels: {} })).toEqual([]);
});

test("says that an engine is not supported when agreeing anew does not help", async () => {
  const message = "client version 1.51 is too old. Minimum supported API version is 1.60, please upgrade your client";
  await using server = await startFaultServer(({ response }) =>
    response.writeHead(400).end(JSON.stringify({ message })),
  );
  server.apiVersion = "1.70";
  const refused = server.engine.listContainers({ labels: {} });
  await expect(refused).rejects.toMatchObject({ kind: "unsupported", message });
  expect(server.requests).toHaveLength(1);
});

test("asks no old engine anything but its version", async () => {
  await using server = await startFaultServer(({ response }) => response.end("[]"));
  server.apiVersion = "1.40";
  await expect(server.engine.startContainer("0123456789ab")).rejects.toMatchObject({
    kind: "unsupported",
    sent: false,
  });
  expect(server.requests).toEqual([]);
});
