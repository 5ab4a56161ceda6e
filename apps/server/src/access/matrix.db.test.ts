import { once } from "node:events";
import { issueToken } from "@berth/api/auth/access-token.ts";
import { createBerthClient } from "@berth/api/client.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import type { Person } from "@berth/api/context.ts";
import { appRouter } from "@berth/api/router.ts";
import { createFakeEngine } from "@berth/api/testing/fake-engine.ts";
import {
  type Caller as InProcess,
  asActor,
  type InProcessApi,
  openInProcessApi,
} from "@berth/api/testing/in-process-api.ts";
import type { FastifyInstance, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { buildApp } from "../build-app.ts";
import { createLog } from "../log.ts";
import { type RestProcedure, restProcedures } from "../rest/procedures.ts";
import { type Caller, CALLERS, type Outcome, PATHS, PROCEDURES, type Scene, SOCKETS } from "./matrix.ts";

const OWN_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f own";

let api: InProcessApi;
let app: FastifyInstance;
let url: string;
let number = 0;
const REGISTRY: RegistryRecord = {
  kind: "process",
  state: "running",
  address: "registry.lab:5000",
  url: "http://127.0.0.1:1",
  ca: null,
  message: "",
};

beforeAll(async () => {
  api = await openInProcessApi({ publicUrl: "http://10.0.0.1:3000" });
  const { machine_id } = await api.addMachine("gpu-1");
  await api.admin.machine.update({ machine_id, is_builder: true });
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  await writeRegistry(prismaSql(api.db), REGISTRY);
  await api.nobody.auth.register({ account: "signs-in", password: "a hash of a password" });
  app = await buildApp({
    services: api.services,
    log: createLog("silent"),
    requestsPerMinute: 1_000_000,
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await app.close();
  await api.close();
});

const PROCEDURES_OF_REST = new Map(restProcedures(appRouter).map((procedure) => [procedure.name, procedure]));

test("every procedure is in the matrix, and nothing else is", () => {
  expect(Object.keys(PROCEDURES).toSorted()).toEqual(Object.keys(appRouter._def.procedures).toSorted());
});

test("every route and socket that is served is in the matrix, and nothing else is", () => {
  const outside = [
    ...Object.keys(SOCKETS).map((path) => `GET ${patternOf(path)}`),
    ...Object.keys(PATHS).map(patternOf),
  ].filter((route) => !route.includes(" /api/"));
  // The tRPC door's procedures are above.
  const served = readRoutes(app.printRoutes({ commonPrefix: false })).filter(({ path }) => !/^\/trpc\b/.test(path));
  const isOfApi = ({ path }: Served): boolean => path.startsWith("/api/");
  const servedOutside = served.filter((one) => !isOfApi(one)).map(({ method, path }) => `${method} ${path}`);
  expect(servedOutside.toSorted()).toEqual(outside.toSorted());

  // The REST door answers every method, by a refusal where it has no procedure.
  const ofApi = new Set([
    ...[...PROCEDURES_OF_REST.values()].map(({ route }) => patternOf(route.path)),
    ...Object.keys(PATHS).flatMap((route) => patternOf(route).split(" ")[1] ?? []),
  ]);
  /** Files of the documentation's page. */
  const isOfDocs = ({ method, path }: Served): boolean => method === "GET" && path.startsWith("/api/docs/");
  const servedByApi = served.filter(isOfApi);
  expect(servedByApi.length).toBeGreaterThan(PROCEDURES_OF_REST.size);
  expect(servedByApi.filter((one) => !ofApi.has(one.path) && !isOfDocs(one))).toEqual([]);
});

describe.each(Object.entries(PROCEDURES))("%s", (name, { outcomes, input }) => {
  const rest = PROCEDURES_OF_REST.get(name);
  test.each(CALLERS)("as %s", async (caller) => {
    for (const door of rest
      ? rest.route.upload && !rest.route.upload.isOptional
        ? [byRest]
        : [byRest, byTrpc]
      : [bySubscription]) {
      const { scene, token, keep } = await setScene(caller);
      const outcome = await door(name, input(scene), token);
      if (outcome !== "ok" || rest?.type !== "mutation") keep();
      expect(outcome, door.name).toBe(outcomes[caller]);
    }
  });
});

test("a stranger's calls, all of them, leave another's container, image and account as they were", async () => {
  const { scene, token } = await setScene("stranger");
  const owner = api.callerFor(asActor({ user_id: scene.owner_id, account: scene.owner_account, role: "user" }));
  const look = async () => [
    await owner.container.get(scene),
    await owner.image.get(scene),
    await owner.user.me(),
    await owner.user.ssh_keys.list(),
    await owner.user.api_tokens.list(),
  ];
  const before = await look();
  for (const [name, { input }] of Object.entries(PROCEDURES)) {
    if (PROCEDURES_OF_REST.has(name)) await byRest(name, input(scene), token);
  }
  expect(await look()).toEqual(before);
});

describe.each(Object.entries(PATHS))("%s", (route, outcomes) => {
  test.each(CALLERS)("as %s", async (caller) => {
    const { scene, token, keep } = await setScene(caller);
    const [method, path = ""] = route.split(" ");
    const url = path.replace("{container_id}", String(scene.container_id));
    const body = method === "PUT" ? { payload: "some bytes" } : {};
    const response = await app.inject({ method: method as "GET", url, headers: bearer(token), ...body });
    if (response.statusCode >= 400 || method === "GET") keep();
    expect(response.statusCode < 400 ? "ok" : response.json().error.code).toBe(outcomes[caller]);
  });
});

describe.each(Object.entries(SOCKETS))("%s", (path, outcomes) => {
  test.each(CALLERS)("as %s", async (caller) => {
    const { scene, token } = await setScene(caller);
    const filled = path.replace(/\{(container_id|image_id)\}/, (_, field: "container_id" | "image_id") =>
      String(scene[field]),
    );
    expect(await bySocket(`${filled}?follow=false`, token)).toBe(outcomes[caller]);
  });
});

interface Served {
  method: string;
  path: string;
}

/** What is in a tree of routes, in which each line continues the one that it hangs under. A HEAD comes with each GET. */
function readRoutes(tree: string): Served[] {
  const ancestors: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent = "", part = "", methods = ""] = /^(.*?)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    if (part === "") return [];
    const depth = indent.length / 4;
    const path = (ancestors[depth - 1] ?? "") + part;
    ancestors[depth] = path;
    return methods.split(", ").flatMap((method) => (method === "" || method === "HEAD" ? [] : [{ method, path }]));
  });
}

/** What the matrix asks for, or a route of REST, as Fastify names it. */
const patternOf = (route: string): string =>
  route
    .replace(/\?.*/, "")
    .replace(/\{(\w+)\}/g, ":$1")
    .replace("/join/nothing", "/join/:token")
    .replace("/photos/default/anchor.", "/photos/default/:name.")
    .replace("/photos/nothing.", "/photos/:id.");

interface SetScene {
  scene: Scene;
  owner: Owner;
  tokens: Map<Caller, string | null>;
}
type Owner = { actor: Person; api: InProcess };

/** What the last call has left as it was, for the next one. */
let untouched: SetScene | null = null;

/**
 * A caller's token, and an object of every kind that no other call has changed. `keep` says that this one changed nothing
 * either: to set a scene takes much longer than the call that it is for.
 */
async function setScene(caller: Caller): Promise<{ scene: Scene; token: string | null; keep: () => void }> {
  const set: SetScene = untouched ?? { ...(await makeScene()), tokens: new Map() };
  untouched = null;
  const token = set.tokens.has(caller) ? (set.tokens.get(caller) ?? null) : await tokenOf(caller, set.owner);
  set.tokens.set(caller, token);
  return { scene: set.scene, token, keep: () => (untouched = set) };
}

async function makeScene(): Promise<{ scene: Scene; owner: Owner }> {
  number += 1;
  const owner = await api.addUser(`owner-${number}`);
  await api.addMachine(`spare-${number}`);
  api.engines.set(`added-${number}`, createFakeEngine({ engine_id: `ENGINE-added-${number}` }));
  const image = { name: `owner-${number}/own:1`, reference: "registry.lab:5000/own:1" };
  const request = { name: "box", image: "public/base:1", machine_id: "ENGINE-gpu-1" };
  // There is a bound on how many there are.
  await api.db.storages.deleteMany();
  const scene: Scene = {
    number,
    owner_id: owner.actor.user_id,
    owner_account: owner.actor.account,
    container_id: (await owner.api.container.create(request)).container_id,
    image_id: (await api.admin.image.add(image)).image_id,
    key_id: (await owner.api.user.ssh_keys.add({ public_key: OWN_KEY })).key_id,
    token_id: (await owner.api.user.api_tokens.create({ name: "spare" })).token_id,
    machine_id: "ENGINE-gpu-1",
    spare_machine_id: `ENGINE-spare-${number}`,
    spare_user_id: (await api.addUser(`spare-${number}`)).actor.user_id,
    invitation_id: (await api.admin.invitation.create({})).invitation_id,
    storage_id: (await api.admin.storage.create({ name: `spare-${number}`, kind: "home" })).storage_id,
    join_token_id: (await addJoinToken(owner.actor.user_id)).join_token_id,
  };
  return { scene, owner };
}

/** One whose time is over: of those that are open there may be only so many. */
const addJoinToken = (created_by: number) =>
  api.db.join_tokens.create({
    data: { token_hash: Buffer.from(`join ${number}`), public_url: "http://a", created_by, expires_at: new Date() },
  });

async function tokenOf(caller: Caller, owner: Owner): Promise<string | null> {
  const madeBy = async (maker: InProcess, scope: "read" | "write"): Promise<string> =>
    (await maker.user.api_tokens.create({ name: `${caller} ${number}`, scope })).token;
  switch (caller) {
    case "nobody":
      return null;
    case "disabled": {
      const { actor } = await api.addUser(`disabled-${number}`);
      const token = await accessToken(actor);
      await api.admin.user.update({ user_id: actor.user_id, disabled: true });
      return token;
    }
    case "stranger":
      return accessToken((await api.addUser(`stranger-${number}`)).actor);
    case "owner":
      return accessToken(owner.actor);
    case "reader":
      return madeBy(owner.api, "read");
    case "program":
      return madeBy(owner.api, "write");
    case "admin":
    case "admin_reader": {
      const admin = await api.addUser(`${caller.replace("_", "-")}-${number}`, "admin");
      return caller === "admin" ? accessToken(admin.actor) : madeBy(admin.api, "read");
    }
  }
}

const accessToken = ({ user_id, account }: Person): Promise<string> =>
  issueToken(api.services, { user_id, account, token_epoch: 0 });

const bearer = (token: string | null) => (token === null ? {} : { authorization: `Bearer ${token}` });

async function byRest(name: string, input: Record<string, unknown>, token: string | null): Promise<Outcome> {
  const { route } = PROCEDURES_OF_REST.get(name) as RestProcedure;
  const rest = { ...input };
  const path = route.path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = rest[field];
    delete rest[field];
    return encodeURIComponent(String(value));
  });
  const headers = bearer(token);
  const options: InjectOptions = route.upload
    ? { method: "POST", url: path, ...asForm(rest, route.upload.field, headers) }
    : route.method === "GET" || route.method === "DELETE"
      ? { method: route.method, url: path, headers, query: rest as Record<string, string> }
      : { method: route.method, url: path, headers, payload: rest };
  const response = await app.inject(options);
  return response.statusCode < 300 ? "ok" : response.json<{ error: { code: Outcome } }>().error.code;
}

/** As a browser sends a form with a file. */
function asForm(fields: Record<string, unknown>, file: string, headers: Record<string, string>): InjectOptions {
  const parts = Object.entries(fields).map(([name, value]) => {
    const disposition = `Content-Disposition: form-data; name="${name}"${name === file ? '; filename="a.gif"' : ""}`;
    const content = value instanceof Uint8Array ? value : Buffer.from(String(value));
    return Buffer.concat([Buffer.from(`--b\r\n${disposition}\r\n\r\n`), content, Buffer.from("\r\n")]);
  });
  return {
    headers: { ...headers, "content-type": "multipart/form-data; boundary=b" },
    payload: Buffer.concat([...parts, Buffer.from("--b--\r\n")]),
  };
}

async function byTrpc(name: string, input: Record<string, unknown>, token: string | null): Promise<Outcome> {
  const { type } = PROCEDURES_OF_REST.get(name) as RestProcedure;
  const response = await app.inject(
    type === "query"
      ? { url: `/trpc/${name}`, query: { input: JSON.stringify(input) }, headers: bearer(token) }
      : { method: "POST", url: `/trpc/${name}`, payload: input, headers: bearer(token) },
  );
  if (response.statusCode < 300) return "ok";
  const { code } = response.json<{ error: { data: { code: Outcome | "SERVICE_UNAVAILABLE" } } }>().error.data;
  return code === "SERVICE_UNAVAILABLE" ? "UNAVAILABLE" : code; // tRPC has a word of its own for it
}

/** Subscribes, and takes the first message for the answer. */
async function bySubscription(name: string, input: Record<string, unknown>, token: string | null): Promise<Outcome> {
  const client = createBerthClient({ url, ...(token !== null && { token }) });
  try {
    return await new Promise<Outcome>((resolve) => {
      const listener = {
        onStarted: () => resolve("ok"),
        onError: (error: { data?: { code: string } | null | undefined; code?: string | null }) =>
          resolve((error.data?.code ?? error.code) as Outcome),
      };
      if (name === "live.changes") client.live.changes.subscribe(undefined, listener);
      else if (name === "container.stats") {
        client.container.stats.subscribe({ container_id: Number(input["container_id"]) }, listener);
      } else throw new Error(`the test can't subscribe to ${name}`);
    });
  } finally {
    await client.close();
  }
}

/** Opens it with the token as first message; a notice of an error is the answer, or else what comes first. */
async function bySocket(path: string, token: string | null): Promise<Outcome> {
  const socket = new WebSocket(url.replace("http", "ws") + path);
  await once(socket, "open");
  socket.send(JSON.stringify({ access_token: token ?? "none" }));
  const outcome = await Promise.race([
    once(socket, "message").then(([data]) => {
      const notice = JSON.parse(String(data)) as { type: string; error?: { code: Outcome } };
      return notice.error?.code ?? "ok";
    }),
    once(socket, "close").then(([code]): Outcome => {
      if (code === 1000) return "ok"; // all that there was has been sent
      throw new Error(`closed with ${code} and no notice`);
    }),
  ]);
  socket.terminate();
  return outcome;
}
