import { expect, test } from "vitest";
import { startFaultServer } from "../transport/fault-server.fixture.ts";

const LISTED = {
  Id: "a".repeat(64),
  Names: ["/berth-work-1a2b3c4d"],
  Image: "busybox",
  ImageID: `sha256:${"b".repeat(64)}`,
  Command: "sh",
  State: "running",
  Status: "Up 2 hours",
  Labels: null,
  Ports: null,
  Created: 1_700_000_000,
};

async function listed(fields: object, filter = {}) {
  await using server = await startFaultServer(({ response }) =>
    response.end(JSON.stringify([{ ...LISTED, ...fields }])),
  );
  return { containers: await server.engine.listContainers({ labels: {}, ...filter }), requests: server.requests };
}

test("takes null for no labels and no ports", async () => {
  const { containers } = await listed({});
  expect(containers[0]).toMatchObject({ name: "berth-work-1a2b3c4d", labels: {}, ports: [] });
});

test.each([
  [["/web/alias", "/own"], "own"],
  [["/own", "/web/alias"], "own"],
  [["/web/alias"], ""],
  [[], ""],
  [null, ""],
])("of the names %j takes the container's own", async (Names, name) => {
  const { containers } = await listed({ Names });
  expect(containers[0]?.name).toBe(name);
});

test("asks again while a container that is being renamed has two names", async () => {
  const answers = [["/new", "/old"], ["/new", "/old"], ["/old"]];
  await using server = await startFaultServer(({ response }) =>
    response.end(JSON.stringify([{ ...LISTED, Names: answers.shift() }])),
  );
  expect(await server.engine.listContainers({ labels: {} })).toMatchObject([{ name: "old" }]);
  expect(answers).toEqual([]);
});

test("goes on with one of two names that stay", async () => {
  const { containers } = await listed({ Names: ["/new", "/old", "/web/alias"] });
  expect(containers[0]?.name).toBe("new");
});

test.each([
  ["exited", "Exited (137) 3 minutes ago", 137],
  ["restarting", "Restarting (1) 5 seconds ago", 1],
  ["exited", "Exited (-1) 3 minutes ago", -1],
  ["running", "Up 2 hours (healthy)", null],
  ["created", "Created", null],
  ["dead", "Dead", null],
])("reads the exit code of a container that is %s: %s", async (State, Status, exitCode) => {
  const { containers } = await listed({ State, Status });
  expect(containers[0]?.exit_code).toBe(exitCode);
});

test.each([
  ["running", "Up 2 hours", null],
  ["running", "Up Less than a second (health: starting)", "starting"],
  ["running", "Up 2 hours (healthy)", "healthy"],
  ["running", "Up About a minute (unhealthy)", "unhealthy"],
  ["paused", "Up 2 hours (Paused)", null],
  ["exited", "Exited (137) 3 minutes ago", null],
])("reads the health of a container that is %s: %s", async (State, Status, health) => {
  const { containers } = await listed({ State, Status });
  expect(containers[0]?.health).toBe(health);
});

test("lists a port once that is published on several addresses", async () => {
  const Ports = [
    { IP: "0.0.0.0", PrivatePort: 22, PublicPort: 30_022, Type: "tcp" },
    { IP: "::", PrivatePort: 22, PublicPort: 30_022, Type: "tcp" },
    { PrivatePort: 80, Type: "udp" },
  ];
  const { containers } = await listed({ Ports });
  expect(containers[0]?.ports).toEqual([
    { container_port: 22, host_port: 30_022, protocol: "tcp" },
    { container_port: 80, host_port: null, protocol: "udp" },
  ]);
});

test("asks for all containers, by labels and by exact name", async () => {
  const { containers, requests } = await listed({ Names: ["/a.b"] }, { labels: { x: "1=2" }, name: "a.b" });
  const url = new URL(requests[0]?.split(" ")[1] ?? "", "http://engine");
  expect(url.searchParams.get("all")).toBe("true");
  expect(JSON.parse(url.searchParams.get("filters") ?? "")).toEqual({ label: ["x=1=2"], name: ["^/?a\\.b$"] });
  expect(containers).toHaveLength(1);
});

test("leaves out what only bears the name as a link", async () => {
  const { containers } = await listed({ Names: ["/other", "/other/wanted"] }, { name: "wanted" });
  expect(containers).toEqual([]);
});
