import { recordProxyAddress } from "@berth/api/proxy/addresses.ts";
import { appRouter } from "@berth/api/router.ts";
import { createFakeEngine } from "@berth/api/testing/fake-engine.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import { PAGE_KEY_HEADER } from "@berth/spec/user.ts";
import { generationOf } from "@berth/testbed/simulated/generation.ts";
import { parseReference } from "@berth/testbed/simulated/images/image-reference.ts";
import { serveRegistry } from "@berth/testbed/simulated/images/registry-server.ts";
import { SimulatedRegistry } from "@berth/testbed/simulated/images/simulated-registry.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApiDocument } from "./openapi.ts";
import { restProcedures } from "./procedures.ts";
import { CONTRACT, type ContractRow, type Play, type Scene, sshKey } from "./testing/contract.ts";
import { type Client, type OpenRest, openRest, PASSWORD } from "./testing/open-rest.ts";

const PROCEDURES = restProcedures(appRouter);
const endpointOf = ({ route }: (typeof PROCEDURES)[number]): string => `${route.method} ${route.path}`;

let rest: OpenRest;
let admin: Client;
/** For calls that change nothing. */
let refused: Awaited<ReturnType<typeof setScene>>;
let number = 0;
let served: Awaited<ReturnType<typeof serveRegistry>>;
const DIGEST = `sha256:${"a".repeat(64)}`;
const REGISTRY: RegistryRecord = {
  kind: "process",
  state: "running",
  address: "registry.lab:5000",
  url: "http://127.0.0.1:1",
  ca: null,
  message: "",
};

beforeAll(async () => {
  rest = await openRest();
  admin = await rest.addUser("boss", "admin");
  await rest.addMachine("gpu-1");
  await rest.db.machines.updateMany({ data: { is_builder: true } });
  await made("/api/images", { name: "public/base:1", reference: "registry.lab:5000/base:1" });
  const images = new SimulatedRegistry();
  served = await serveRegistry(images);
  images.publish(parseReference(`${served.address}/public/by-hand:1`, generationOf("28.5")));
  await writeRegistry(prismaSql(rest.db), { ...REGISTRY, url: `http://${served.address}` });
  await recordProxyAddress(prismaSql(rest.db), { url: "http://berth.lab:3001", domain: null });
  refused = await setScene();
});
afterAll(async () => {
  await served.close();
  await rest.close();
});

async function made<Answer = unknown>(path: string, body: object, as: Client = admin): Promise<Answer> {
  const { status, json, text } = await rest.fetch("POST", path, { as, body });
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  return json as Answer;
}

/** An owner with one of each, somebody else, and a machine that nothing is on. */
async function setScene(): Promise<{ scene: Scene; owner: Client }> {
  number += 1;
  const owner = await rest.addUser(`owner-${number}`);
  const other = await rest.addUser(`other-${number}`);
  const { machine_id: spare_machine_id } = await rest.addMachine(`spare-${number}`);
  // It was installed anew since.
  rest.engines.get(`spare-${number}`)?.volumes.clear();
  rest.engines.set(`new-${number}`, createFakeEngine({ engine_id: `ENGINE-new-${number}` }));
  const image = { name: `${owner.account}/own:1`, reference: "registry.lab:5000/own:1" };
  const { image_id } = await made<{ image_id: number }>("/api/images", image);
  const mirror = async (phase: string): Promise<number> => {
    const data = { name: `${owner.account}/${phase.toLowerCase()}:1`, user_id: owner.user_id, source: "mirror" };
    return (
      await rest.db.images.create({
        data: { ...data, status: { create: { phase, digest: phase === "Ready" ? DIGEST : null } } },
      })
    ).image_id;
  };
  const ports = [{ name: "jupyter", kind: "http", container_port: 8888 }];
  const request = { name: "first", image: "public/base:1", machine_id: "ENGINE-gpu-1", ports };
  const { container_id } = await made<{ container_id: number }>("/api/containers", request, owner);
  await rest.db.container_status.upsert({
    where: { container_id },
    create: { container_id, engine_id: "e".repeat(64) },
    update: { engine_id: "e".repeat(64) },
  });
  const { uid, image_id: from, spec } = await rest.db.containers.findUniqueOrThrow({ where: { container_id } });
  const event = { noun: "container", id: uid, kind: "normal", reason: "Created", message: "It was created." };
  await rest.db.object_events.create({ data: event });
  await rest.db.held_containers.create({
    data: {
      container_id,
      engine_id: number.toString(16).padStart(64, "0"),
      machine_id: "ENGINE-gpu-1",
      generation: 1,
      image_id: from,
      spec: spec as object,
      held_until: new Date(Date.now() + 3_600_000),
    },
  });
  rest.logs.lines = "one\ntwo\n";
  const { key_id } = await made<{ key_id: string }>("/api/user/ssh_keys", { public_key: sshKey(1) }, owner);
  const { token_id } = await made<{ token_id: number }>("/api/user/api_tokens", { name: "mine" }, owner);
  const { invitation_id } = await made<{ invitation_id: number }>("/api/invitations", {});
  const { storage_id } = await made<{ storage_id: number }>("/api/storages", { name: `s-${number}`, kind: "home" });
  const ended = { token_hash: Buffer.from(`join ${number}`), public_url: "http://a", expires_at: new Date() };
  const { join_token_id } = await rest.db.join_tokens.create({ data: { ...ended, created_by: admin.user_id } });
  const { account, user_id } = owner;
  return {
    owner,
    scene: {
      number,
      account,
      user_id,
      container_id,
      image_id,
      waiting_image_id: await mirror("Waiting"),
      failed_image_id: await mirror("Failed"),
      ready_image_id: await mirror("Ready"),
      machine_id: "ENGINE-gpu-1",
      spare_machine_id,
      other,
      key_id,
      token_id,
      invitation_id,
      storage_id,
      join_token_id,
      browser: await signInAsBrowser(account),
      password: PASSWORD,
    },
  };
}

async function signInAsBrowser(account: string): Promise<Record<string, string>> {
  const origin = { origin: rest.url };
  const body = { account, password: PASSWORD };
  const { headers } = await rest.fetch("POST", "/api/auth/login", { body, headers: origin });
  const cookies = headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0] ?? "");
  const page_key = headers.get(PAGE_KEY_HEADER) ?? "";
  return { ...origin, cookie: cookies.join("; "), [PAGE_KEY_HEADER]: page_key };
}

function send(endpoint: string, { path = {}, query, body, form, headers = {} }: Play, as: Client | null) {
  const [method = "", template = ""] = endpoint.split(" ");
  const filled = template.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(path[field])));
  const url = query === undefined ? filled : `${filled}?${query}`;
  return rest.fetch(method, url, { as, headers, body: form ?? body });
}

test("every procedure has a path, except those that need a socket", () => {
  const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>);
  const expected = procedures.filter(([, { _def }]) => _def.type !== "subscription").map(([name]) => name);
  expect(PROCEDURES.map(({ name }) => name)).toEqual(expected);
  expect(expected.length).toBeGreaterThan(40);
});

test("the contract has every path, and no other", () => {
  expect(PROCEDURES.map(endpointOf).toSorted()).toEqual(CONTRACT.map(({ endpoint }) => endpoint).toSorted());
});

test("the document has every path, and no other", () => {
  const operations = Object.entries(openApiDocument(PROCEDURES).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations.toSorted()).toEqual(CONTRACT.map(({ endpoint }) => endpoint).toSorted());
});

describe.each(CONTRACT.map((row) => [row.endpoint, row] as const))("%s", (endpoint, row) => {
  const { who, status, fields, of, play } = row;
  const procedure = PROCEDURES.find((one) => endpointOf(one) === endpoint);

  test(`answers ${status} with exactly its fields`, async () => {
    const { scene, owner } = await setScene();
    const answer = await send(endpoint, play(scene), who === "admin" ? admin : who === "anyone" ? null : owner);
    expect(answer.text).not.toContain('"error"');
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const items = itemsOf(of, answer.json);
    expect(items.length).toBeGreaterThan(0);
    for (const item of items)
      expect(Object.keys(item).toSorted()).toEqual(fields.split(" ").filter(Boolean).toSorted());
    // The schema strips what it does not name, and refuses what is missing.
    expect(procedure?.output.parse(answer.json)).toEqual(answer.json);
  });

  test(`is for ${who}`, async () => {
    expect(procedure?.access).toBe(who);
    if (who !== "anyone") {
      expect(await send(endpoint, play(refused.scene), null)).toMatchObject({
        status: 401,
        json: refusal("UNAUTHORIZED"),
      });
    }
    if (who === "admin") {
      expect(await send(endpoint, play(refused.scene), refused.owner)).toMatchObject({
        status: 403,
        json: refusal("FORBIDDEN"),
      });
    }
  });
});

const refusal = (code: string) => ({ error: { code, message: expect.any(String), details: null } });

function itemsOf(of: ContractRow["of"], answer: unknown): object[] {
  if (of === "answer") return [answer as object];
  if (of === "list") return answer as object[];
  const page = answer as { items: object[] };
  expect(Object.keys(page).toSorted()).toEqual(["items", "next_cursor"]);
  return page.items;
}
