import { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRouter } from "./router.ts";
import { createFakeEngine } from "./testing/fake-engine.ts";
import { type Caller, type InProcessApi, openInProcessApi } from "./testing/in-process-api.ts";

type Outcome = "ok" | TRPCError["code"];
type Role = "nobody" | "stranger" | "owner" | "admin";

/** What a call needs that is there already, and a number that no other call has. */
interface Scene {
  container_id: number;
  image_id: number;
  machine_id: string;
  /** Of the owner of all that. */
  owner_id: number;
  /** Of a user who owns nothing. */
  user_id: number;
  invitation_id: number;
  number: number;
}

interface Rule {
  call(api: Caller, scene: Scene): Promise<unknown>;
  nobody: Outcome;
  stranger: Outcome;
  owner: Outcome;
  admin: Outcome;
}

const anyone = { nobody: "ok", stranger: "ok", owner: "ok", admin: "ok" } as const;
const signedIn = { ...anyone, nobody: "UNAUTHORIZED" } as const;
/** To a stranger it does not exist. */
const ownerOnly = { ...signedIn, stranger: "NOT_FOUND" } as const;
/** It is known who it is, and not the stranger's to change. */
const oneselfOnly = { ...signedIn, stranger: "FORBIDDEN" } as const;
const adminOnly = { nobody: "UNAUTHORIZED", stranger: "FORBIDDEN", owner: "FORBIDDEN", admin: "ok" } as const;

const PASSWORD = "a hash of a password";
const GIF = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g somebody";

const RULES: Record<string, Rule> = {
  "auth.register": {
    ...anyone,
    call: (api, { number }) => api.auth.register({ account: `new-${number}`, password: PASSWORD }),
  },
  "auth.login": {
    ...anyone,
    call: async (api, { number }) => {
      await api.auth.register({ account: `login-${number}`, password: PASSWORD });
      return api.auth.login({ account: `login-${number}`, password: PASSWORD });
    },
  },
  // Calls in this process come with no cookie, hence nobody's session is refreshed.
  "auth.refresh": {
    call: (api) => api.auth.refresh({}),
    nobody: "UNAUTHORIZED",
    stranger: "UNAUTHORIZED",
    owner: "UNAUTHORIZED",
    admin: "UNAUTHORIZED",
  },
  "auth.logout": { ...anyone, call: (api) => api.auth.logout({}) },
  "auth.logout_everywhere": { ...signedIn, call: (api) => api.auth.logout_everywhere({}) },
  "user.me": { ...signedIn, call: (api) => api.user.me() },
  "user.get_user": { ...signedIn, call: (api) => api.user.get_user({ account: "owner" }) },
  "user.set_profile": { ...signedIn, call: (api) => api.user.set_profile({ nickname: "Somebody" }) },
  "user.set_password": {
    ...oneselfOnly,
    call: (api, { owner_id }) => api.user.set_password({ user_id: owner_id, new_password: PASSWORD }),
  },
  "user.set_photo_custom": {
    ...oneselfOnly,
    call: (api, { owner_id }) => api.user.set_photo_custom({ user_id: owner_id, photo: GIF }),
  },
  "user.set_photo_default": {
    ...oneselfOnly,
    call: (api, { owner_id }) => api.user.set_photo_default({ user_id: owner_id, photo: "anchor" }),
  },
  "user.default_photos": { ...signedIn, call: (api) => api.user.default_photos() },
  "user.list": { ...adminOnly, call: (api) => api.user.list({}) },
  "user.get": { ...adminOnly, call: (api, { user_id }) => api.user.get({ user_id }) },
  "user.create": {
    ...adminOnly,
    call: (api, { number }) => api.user.create({ account: `made-${number}`, password: PASSWORD }),
  },
  "user.update": { ...adminOnly, call: (api, { user_id }) => api.user.update({ user_id, disabled: true }) },
  "user.delete": { ...adminOnly, call: (api, { user_id }) => api.user.delete({ user_id }) },
  "user.ssh_keys.list": { ...signedIn, call: (api) => api.user.ssh_keys.list() },
  "user.ssh_keys.add": { ...signedIn, call: (api) => api.user.ssh_keys.add({ public_key: SSH_KEY }) },
  "user.ssh_keys.remove": {
    ...signedIn,
    call: async (api) => {
      const [key] = (await api.user.ssh_keys.list()).items;
      return api.user.ssh_keys.remove({ key_id: key?.key_id ?? "" });
    },
  },
  "user.api_tokens.list": { ...signedIn, call: (api) => api.user.api_tokens.list() },
  "user.api_tokens.create": {
    ...signedIn,
    call: (api, { number }) => api.user.api_tokens.create({ name: `made-${number}` }),
  },
  "user.api_tokens.revoke": {
    ...signedIn,
    call: async (api, { number }) =>
      api.user.api_tokens.revoke(await api.user.api_tokens.create({ name: `revoked-${number}` })),
  },
  "invitation.create": { ...adminOnly, call: (api) => api.invitation.create({}) },
  "invitation.list": { ...adminOnly, call: (api) => api.invitation.list({}) },
  "invitation.revoke": { ...adminOnly, call: (api, { invitation_id }) => api.invitation.revoke({ invitation_id }) },
  "settings.get": { ...adminOnly, call: (api) => api.settings.get() },
  "settings.update": { ...adminOnly, call: (api) => api.settings.update({ registration: "open" }) },
  "audit.list": { ...adminOnly, call: (api) => api.audit.list({}) },
  "machine.list": { ...signedIn, call: (api) => api.machine.list({}) },
  "machine.get": { ...signedIn, call: (api, { machine_id }) => api.machine.get({ machine_id }) },
  "machine.add": {
    ...adminOnly,
    call: (api, { number }) => api.machine.add({ url: `tcp://added-${number}:2375`, allow_insecure: true }),
  },
  "machine.update": {
    ...adminOnly,
    call: (api, { machine_id }) => api.machine.update({ machine_id, is_builder: true }),
  },
  "machine.remove": {
    ...adminOnly,
    call: async (api, { number }) => api.machine.remove({ machine_id: `ENGINE-spare-${number}` }),
  },
  "image.list": { ...signedIn, call: (api) => api.image.list({}) },
  "image.get": { ...ownerOnly, call: (api, { image_id }) => api.image.get({ image_id }) },
  "image.add": {
    ...adminOnly,
    call: (api, { number }) => api.image.add({ name: `public/added:${number}`, reference: "registry.lab:5000/a:1" }),
  },
  "image.remove": { ...ownerOnly, call: (api, { image_id }) => api.image.remove({ image_id }) },
  "container.create": {
    ...signedIn,
    call: (api, { number }) => api.container.create({ name: `made-${number}`, image: "public/base:1" }),
  },
  "container.list": { ...signedIn, call: (api) => api.container.list({}) },
  "container.get": { ...ownerOnly, call: (api, { container_id }) => api.container.get({ container_id }) },
  "container.update": {
    ...ownerOnly,
    call: (api, { container_id }) => api.container.update({ container_id, memory: 512 }),
  },
  "container.start": { ...ownerOnly, call: (api, { container_id }) => api.container.start({ container_id }) },
  "container.stop": { ...ownerOnly, call: (api, { container_id }) => api.container.stop({ container_id }) },
  "container.restart": { ...ownerOnly, call: (api, { container_id }) => api.container.restart({ container_id }) },
  "container.recreate": {
    ...ownerOnly,
    call: (api, { container_id }) => api.container.recreate({ container_id, recreate: "discard" }),
  },
  "container.delete": { ...ownerOnly, call: (api, { container_id }) => api.container.delete({ container_id }) },
  "container.events": { ...ownerOnly, call: (api, { container_id }) => api.container.events({ container_id }) },
  "container.stats": { ...ownerOnly, call: (api, { container_id }) => api.container.stats({ container_id }) },
  "live.changes": { ...signedIn, call: (api) => api.live.changes() },
};

let api: InProcessApi;
let callers: Record<Role, Caller>;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  callers = {
    nobody: api.nobody,
    stranger: (await api.addUser("stranger")).api,
    owner: (await api.addUser("owner")).api,
    admin: api.admin,
  };
});
afterAll(() => api.close());

/** A container and an image of the owner's, a machine without containers, and an engine that is not recorded yet. */
async function setScene(): Promise<Scene> {
  number += 1;
  await api.addMachine(`spare-${number}`);
  api.engines.set(`added-${number}`, createFakeEngine({ engine_id: `ENGINE-added-${number}` }));
  const reference = "registry.lab:5000/own:1";
  const { image_id } = await api.admin.image.add({ name: `owner/own:${number}`, reference });
  const request = { name: `box-${number}`, image: "public/base:1", machine_id: "ENGINE-gpu-1" };
  const { container_id } = await callers.owner.container.create(request);
  const { user_id } = (await api.addUser(`nothing-${number}`)).actor;
  const { invitation_id } = await api.admin.invitation.create({});
  // Some calls end the caller's tokens, but each caller is used for all of them.
  await api.db.users.updateMany({ data: { token_epoch: 0 } });
  const { user_id: owner_id } = await callers.owner.user.me();
  return { container_id, image_id, machine_id: "ENGINE-gpu-1", owner_id, user_id, invitation_id, number };
}

const outcomeOf = (call: Promise<unknown>): Promise<Outcome> =>
  call.then(
    () => "ok",
    (error: unknown) => {
      if (error instanceof TRPCError) return error.code;
      throw error;
    },
  );

test("every procedure has a rule that says who may call it", () => {
  expect(Object.keys(appRouter._def.procedures).toSorted()).toEqual(Object.keys(RULES).toSorted());
});

describe.each(Object.entries(RULES))("%s", (_name, rule) => {
  test.each(["nobody", "stranger", "owner", "admin"] as const)("as %s", async (role) => {
    expect(await outcomeOf(rule.call(callers[role], await setScene()))).toBe(rule[role]);
  });
});

test("a stranger's call changes nothing of another's container", async () => {
  const scene = await setScene();
  const before = await callers.owner.container.get(scene);
  for (const rule of Object.values(RULES)) {
    number += 1;
    await outcomeOf(rule.call(callers.stranger, { ...scene, number }));
  }
  expect(await callers.owner.container.get(scene)).toEqual(before);
});

test("each sees their own containers, and only an admin asks for everybody's", async () => {
  const { container_id } = await setScene();
  const idsOf = async (caller: Caller, scope: "mine" | "all") =>
    (await caller.container.list({ scope, limit: 500 })).items.map((container) => container.container_id);
  expect(await idsOf(callers.owner, "mine")).toContain(container_id);
  expect(await idsOf(callers.stranger, "mine")).not.toContain(container_id);
  expect(await idsOf(callers.admin, "mine")).not.toContain(container_id);
  expect(await idsOf(callers.admin, "all")).toContain(container_id);
  await expect(callers.stranger.container.list({ scope: "all" })).rejects.toMatchObject({ code: "FORBIDDEN" });
});

test("a container can't be started from an image of somebody else's", async () => {
  const { image_id } = await setScene();
  const taken = callers.stranger.container.create({ name: "thief", image_id });
  await expect(taken).rejects.toMatchObject({ code: "NOT_FOUND" });
  const shared = { shared_with: [(await callers.stranger.user.me()).user_id] };
  await api.db.images.update({ where: { image_id }, data: shared });
  expect(await callers.stranger.container.create({ name: "guest", image_id })).toMatchObject({ image_id });
});
