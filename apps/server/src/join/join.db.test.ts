import { createHash } from "node:crypto";
import { createFakeEngine } from "@berth/api/testing/fake-engine.ts";
import { runCommand } from "@berth/testbed/fleet/run-command.ts";
import type { CreatedJoinToken, JoinToken } from "@berth/spec/join-token.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, openRest, type OpenRest } from "../rest/testing/open-rest.ts";

let rest: OpenRest;
let admin: Client;
beforeAll(async () => {
  rest = await openRest();
  admin = await rest.addUser("boss", "admin");
});
afterAll(() => rest.close());

const makeToken = async (): Promise<CreatedJoinToken> =>
  (await rest.fetch("POST", "/api/machines/join_tokens", { as: admin, body: {} })).json as CreatedJoinToken;

const post = async (path: string, body: string, accept = "text/plain") => {
  const response = await fetch(rest.url + path, {
    method: "POST",
    body,
    headers: { accept, "content-type": "text/plain" },
  });
  return { status: response.status, text: await response.text() };
};

const makeRequest = (): Promise<string> => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null"];
  return runCommand("openssl", ["req", "-new", ...key, "-subj", "/CN=docker"]);
};

test("the script is served by its token, from where the admin came, and comes to what its line says", async () => {
  const { token, script_url, script_sha256, warning } = await makeToken();
  expect(script_url).toBe(`${rest.url}/join/${token}.sh`);
  for (const _ of [1, 2]) {
    const response = await fetch(script_url);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(
      createHash("sha256")
        .update(await response.text())
        .digest("hex"),
    ).toBe(script_sha256);
  }
  expect(warning).toContain("set BERTH_HOST and BERTH_PUBLIC_URL");
});

test("a server asks for its certificate and reports itself, a line a thing, with its token alone", async () => {
  const { token } = await makeToken();
  const signed = await post(`/join/${token}/sign?address=10.0.0.5`, await makeRequest());
  expect(signed.status).toBe(200);
  const pemOf = (name: string) =>
    signed.text
      .split("\n")
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1))
      .join("\n");
  expect(pemOf("certificate")).toMatch(/^-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----$/);
  expect(pemOf("ca")).toMatch(/^-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----$/);

  rest.engines.set("10.0.0.5", createFakeEngine({ engine_id: "ID-5", name: "gpu-5" }));
  const report = "engine_id=ID-5\naddress=10.0.0.5\nport=2376\n";
  expect(await post(`/join/${token}/report`, report)).toEqual({ status: 200, text: "machine_id ID-5\nname gpu-5\n" });
  expect((await rest.fetch("GET", "/api/machine/info", { as: admin })).json).toMatchObject([{ machine_id: "ID-5" }]);
});

test("what a script finds is shown with its token, and telling it keeps nobody from joining", async () => {
  const { token, join_token_id } = await makeToken();
  expect((await post(`/join/${token}/checks`, "disk\tok\tDocker's disk has 500 GiB left.\t\n")).status).toBe(204);
  const { items } = (await rest.fetch("GET", "/api/machines/join_tokens", { as: admin })).json as {
    items: JoinToken[];
  };
  expect(items.find((item) => item.join_token_id === join_token_id)?.checks).toEqual([
    { check: "disk", status: "ok", text: "Docker's disk has 500 GiB left.", fix: "" },
  ]);
  const statuses: number[] = [];
  for (let count = 0; count < 61; count += 1) statuses.push((await post(`/join/${token}/checks`, "")).status);
  expect(statuses.at(-1)).toBe(429);
  expect((await post(`/join/${token}/sign?address=10.0.0.5`, "none")).status).toBe(400);
});

test("a refusal is a sentence for the shell, and the usual error for all others", async () => {
  const asked = await post("/join/join_unknown/report", "engine_id=ID\naddress=10.0.0.5\nport=2376\n");
  expect(asked).toEqual({
    status: 404,
    text: "Berth does not know this join token. Make another one in Berth, and paste its line.\n",
  });
  const usual = await post("/join/join_unknown/sign?address=10.0.0.5", "", "*/*");
  expect(JSON.parse(usual.text)).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test("a body of more than 16 KiB is not read, of whatever kind it says it is", async () => {
  const { token } = await makeToken();
  expect((await post(`/join/${token}/sign?address=10.0.0.5`, "x".repeat(16 * 1024 + 1))).status).toBe(413);
  expect((await post(`/join/${token}/sign?address=10.0.0.5`, "x".repeat(16 * 1024))).status).toBe(400);
});

test("a token is in no line of the log", async () => {
  const { token, script_url } = await makeToken();
  await fetch(script_url);
  await fetch(`${rest.url}//join/${token}.sh`);
  await fetch(`${rest.url}/join/${token}`);
  await post(`/join/${token}/sign?address=10.0.0.5`, "none");
  await post(`/join/${token}/report`, "none");
  await post(`/join/${token}/checks`, "none");
  expect(rest.lines.filter((line) => line.includes("/join/…")).length).toBeGreaterThanOrEqual(3);
  expect(rest.lines.join("\n")).not.toContain(token);
});

test("who asks too often is told to wait", async () => {
  const statuses: number[] = [];
  for (let count = 0; count < 70; count += 1) statuses.push((await fetch(`${rest.url}/join/join_guess.sh`)).status);
  expect(statuses).toContain(404);
  expect(statuses.at(-1)).toBe(429);
  expect((await fetch(`${rest.url}/join/join_guess.sh`)).headers.get("retry-after")).toMatch(/^\d+$/);
  expect((await fetch(`${rest.url}/healthz`)).status).toBe(200);
});
