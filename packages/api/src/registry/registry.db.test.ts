import { writeCollection, writeRegistry } from "@berth/db/registry/record.ts";
import type { RegistryAccess } from "@berth/docker/registry/access.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import { startListener } from "@berth/testbed/rows/listener.ts";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { hashAsClient } from "../auth/password.ts";
import { asActor, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { issueUserToken } from "./issue-user-token.ts";

const PLAIN = "correct horse";
const RECORD: RegistryRecord = {
  kind: "process",
  state: "running",
  address: "10.0.0.1:5000",
  url: "http://127.0.0.1:5000",
  ca: null,
  message: "",
};

let api: InProcessApi;
let alice: Awaited<ReturnType<InProcessApi["addUser"]>>;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  const account = `alice-${number}`;
  const { user_id } = await api.nobody.auth.register({ account, password: hashAsClient(PLAIN) });
  const actor = asActor({ user_id, account, role: "user" });
  alice = { actor, api: api.callerFor(actor) };
});

async function ask(
  secret: string,
  scopes: string[] = [],
  asked: { account?: string | null; service?: string; address?: string } = {},
): Promise<{ sub: string | undefined; access: RegistryAccess[]; aud: unknown }> {
  const { account = alice.actor.account, service = "berth", address = `10.2.0.${number}` } = asked;
  const credentials = { account, secret };
  const { token } = await issueUserToken(api.services, { credentials, service, scopes, address });
  const { sub, aud, ...claims } = decodeJwt(token);
  return { sub, aud, access: claims["access"] as RegistryAccess[] };
}

const pull = (name: string): RegistryAccess => ({ type: "repository", name, actions: ["pull"] });
const WRONG = { code: "UNAUTHORIZED" };

test("a plain password and an API token sign in, each as its account", async () => {
  const { account } = alice.actor;
  expect(await ask(PLAIN)).toEqual({ sub: account, aud: "berth", access: [] });
  const { token } = await alice.api.user.api_tokens.create({ name: "laptop" });
  expect(await ask(token)).toMatchObject({ sub: account });
  expect(await ask(token, [], { account: null })).toMatchObject({ sub: account });
});

test("a program that sends its own hash as the password signs in with that", async () => {
  expect(await ask(hashAsClient(PLAIN))).toMatchObject({ sub: alice.actor.account });
});

test("nobody signs in with what is wrong, ended or somebody else's", async () => {
  const { token, token_id } = await alice.api.user.api_tokens.create({ name: "laptop" });
  const other = await api.addUser(`other-${number}`);
  await expect(ask("wrong")).rejects.toMatchObject(WRONG);
  await expect(ask("")).rejects.toMatchObject(WRONG);
  await expect(ask(PLAIN, [], { account: "nobody-here" })).rejects.toMatchObject(WRONG);
  await expect(ask(PLAIN, [], { account: null })).rejects.toMatchObject(WRONG);
  await expect(ask(token, [], { account: other.actor.account })).rejects.toMatchObject(WRONG);
  await alice.api.user.api_tokens.revoke({ token_id });
  await expect(ask(token)).rejects.toMatchObject(WRONG);
  const none = { credentials: null, service: "berth", scopes: [], address: null };
  await expect(issueUserToken(api.services, none)).rejects.toMatchObject(WRONG);
});

test("a user who is disabled or deleted gets no token", async () => {
  const { token } = await alice.api.user.api_tokens.create({ name: "laptop" });
  for (const data of [{ disabled_at: new Date() }, { disabled_at: null, deleted_at: new Date() }]) {
    await api.db.users.update({ where: { account: alice.actor.account }, data });
    for (const secret of [PLAIN, token]) await expect(ask(secret)).rejects.toMatchObject(WRONG);
  }
});

test("guessing is slowed as at a sign-in, and together with it", async () => {
  const { account } = alice.actor;
  const address = `10.3.0.${number}`;
  const signIn = (password: string) => api.callerFor(null, address).auth.login({ account, password });
  for (let count = 0; count < 5; count += 1) {
    await expect(ask("wrong", [], { address })).rejects.toMatchObject(WRONG);
    await expect(signIn("wrong as well")).rejects.toMatchObject(WRONG);
  }
  const tooMany = { code: "TOO_MANY_REQUESTS", details: { retry_after_s: expect.any(Number) } };
  await expect(ask(PLAIN, [], { address })).rejects.toMatchObject(tooMany);
  await expect(signIn(hashAsClient(PLAIN))).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS" });
  expect(await ask(PLAIN, [], { address: "10.4.0.1" })).toMatchObject({ sub: account });
});

test("being right as often as one likes is no guessing", async () => {
  for (let count = 0; count < 12; count += 1) await ask(PLAIN);
});

test("a token is for this registry", async () => {
  await expect(ask(PLAIN, [], { service: "elsewhere" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("a repository of another is there to pull once all that it holds is shared", async () => {
  const owner = await api.addUser(`owner-${number}`);
  const repository = `${owner.actor.account}/work`;
  const scopes = [`repository:${repository}:pull`];
  const add = async (name: string, shared_with: number[], rest: object = {}) =>
    (
      await api.db.images.create({
        data: {
          name,
          user_id: owner.actor.user_id,
          source: "commit",
          shared_with,
          status: { create: { phase: "Ready" } },
          ...rest,
        },
      })
    ).image_id;
  const { user_id } = alice.actor;
  expect((await ask(PLAIN, scopes)).access).toEqual([]);
  await add(`${repository}:1`, [user_id]);
  await add(`${repository}-private:1`, []);
  expect((await ask(PLAIN, [...scopes, `repository:${repository}-private:pull`])).access).toEqual([pull(repository)]);

  const secret = await add(`${repository}:2`, [user_id + 1_000]);
  expect((await ask(PLAIN, scopes)).access).toEqual([]);
  // It is to be deleted, and still there.
  await api.db.images.update({ where: { image_id: secret }, data: { desired: "absent" } });
  expect((await ask(PLAIN, scopes)).access).toEqual([]);
  await api.db.image_status.update({ where: { image_id: secret }, data: { phase: "Deleted" } });
  expect((await ask(PLAIN, scopes)).access).toEqual([pull(repository)]);
  // Engines have it from elsewhere: it is not in this repository.
  await add(`${repository}:3`, [], { reference: "docker.io/library/debian:12", source: "external" });
  expect((await ask(PLAIN, scopes)).access).toEqual([pull(repository)]);
});

test("what admins set decides about pushes, and so does what the registry is at", async () => {
  const { account } = alice.actor;
  const scopes = [`repository:${account}/x:pull,push`];
  const both = [{ ...pull(`${account}/x`), actions: ["pull", "push"] }];
  expect((await ask(PLAIN, scopes)).access).toEqual([pull(`${account}/x`)]);
  await api.admin.settings.update({ user_push: true });
  onTestFinished(async () => void (await api.admin.settings.update({ user_push: false })));
  expect((await ask(PLAIN, scopes)).access).toEqual(both);
  await writeRegistry(api.services.sql, { ...RECORD, state: "collecting" });
  expect((await ask(PLAIN, scopes)).access).toEqual([pull(`${account}/x`)]);
  await writeRegistry(api.services.sql, RECORD);
  expect((await ask(PLAIN, scopes)).access).toEqual(both);
  const { token } = await alice.api.user.api_tokens.create({ name: "reads", scope: "read" });
  expect((await ask(token, scopes)).access).toEqual([pull(`${account}/x`)]);
});

test("anyone who is signed in reads how the registry does, and what to do where there is none", async () => {
  await api.db.settings.deleteMany({ where: { key: "registry" } });
  expect(await alice.api.registry.status()).toEqual({
    kind: null,
    state: "missing",
    address: null,
    message: expect.stringContaining("docker-registry"),
    ca: null,
    collected: null,
  });
  await writeRegistry(api.services.sql, RECORD);
  const { kind, state, address, ca, message } = RECORD;
  expect(await alice.api.registry.status()).toEqual({ kind, state, address, ca, message, collected: null });
  const now = new Date().toISOString();
  const collected = { began_at: now, ended_at: now, before_bytes: 9, after_bytes: 4, failure: null };
  await writeCollection(api.services.sql, collected);
  expect(await alice.api.registry.status()).toMatchObject({ collected });
  // Of another registry, which Berth had before.
  await writeRegistry(api.services.sql, { ...RECORD, kind: "external" });
  expect(await alice.api.registry.status()).toMatchObject({ kind: "external", collected: null });
});

test("an admin has garbage collected, and whoever runs the registry hears it", async () => {
  await writeRegistry(api.services.sql, RECORD);
  const listener = await startListener(api.database_url, ["berth_registry"]);
  onTestFinished(() => listener.close());
  expect(await api.admin.registry.collect()).toMatchObject({ state: "running" });
  await listener.caughtUp();
  expect(listener.heard).toEqual(["berth_registry collect"]);
  const told = await api.db.audit_log.findMany({ where: { noun: "registry" } });
  expect(told).toMatchObject([{ account: "boss", action: "collect" }]);
});

test("there is no garbage to collect of what Berth did not start, or of what does not run", async () => {
  const refused = async () => expect(api.admin.registry.collect()).rejects.toMatchObject({ code: "CONFLICT" });
  for (const change of [
    { kind: "external" as const },
    { kind: "simulated" as const },
    { state: "starting" as const },
    { state: "missing" as const },
    { state: "collecting" as const },
  ]) {
    await writeRegistry(api.services.sql, { ...RECORD, ...change });
    await refused();
  }
  await api.db.settings.deleteMany({ where: { key: "registry" } });
  await refused();
  await expect(alice.api.registry.collect()).rejects.toMatchObject({ code: "FORBIDDEN" });
});
