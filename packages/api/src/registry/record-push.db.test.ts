import { writeRegistry } from "@berth/db/registry/record.ts";
import { type ManifestHead, type Registry, RegistryError } from "@berth/docker/registry/registry.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { recordPush } from "./record-push.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const LAYERS = [{ digest: digest("e"), size: 90 }];

/** What a registry holds, as plain data: which digest a tag stands for. */
const tags = new Map<string, string>();
let failure: RegistryError | null = null;
let asked = 0;
/** What happens there as soon as it has said what a tag stands for. */
let onTold: () => void = () => undefined;
const registry = {
  async headManifest(repository: string, tag: string): Promise<ManifestHead | null> {
    asked += 1;
    if (failure) throw failure;
    const found = tags.get(`${repository}:${tag}`);
    onTold();
    return found === undefined ? null : { digest: found, media_type: "", size_bytes: 1 };
  },
  describe: async (_repository: string, of: string) =>
    [...tags.values()].includes(of)
      ? { media_type: "", size_bytes: 100, layers: LAYERS, config_digest: digest("c"), platforms: [] }
      : null,
  readConfig: async () => ({ command: [], entrypoint: [], env: [], exposed_ports: ["22/tcp"], working_dir: "" }),
  close() {},
} satisfies Partial<Registry>;

let api: InProcessApi;
let account: string;
let number = 0;

beforeAll(async () => {
  api = await openInProcessApi({ connectRegistry: () => registry as Partial<Registry> as Registry });
  const record = { kind: "process", state: "running", address: "10.0.0.1:5000", ca: null, message: "" } as const;
  await writeRegistry(api.services.sql, { ...record, url: "http://127.0.0.1:5000" });
});
afterAll(() => api.close());
beforeEach(async () => {
  account = `pusher-${(number += 1)}`;
  tags.clear();
  asked = 0;
  onTold = () => undefined;
  failure = null;
  await api.addUser(account);
});

/** The registry holds it, and tells of it. */
const push = (repository: string, of: string, actor = account) => {
  tags.set(`${repository}:1`, of);
  return recordPush(api.services, { repository, tag: "1", digest: of, actor });
};
const found = (name: string) => api.db.images.findMany({ where: { name }, include: { status: true } });
const isDirty = async (image_id: number) =>
  (await api.db.dirty.count({ where: { noun: "image", id: String(image_id) } })) > 0;
/** As the reconciler does once it has looked. */
const settle = () => api.db.dirty.deleteMany({});

test("what a user pushes into their namespace is an image of theirs, ready, with what it holds", async () => {
  await push(`${account}/x`, digest("a"));
  const [image, ...others] = await found(`${account}/x:1`);
  expect(others).toEqual([]);
  expect(image).toMatchObject({ source: "push", reference: null, desired: "present", user_id: expect.any(Number) });
  expect(image?.status).toMatchObject({ phase: "Ready", digest: digest("a"), size: 100n, layers: LAYERS });
  expect(await api.admin.image.get({ image_id: image!.image_id })).toMatchObject({
    reference: `10.0.0.1:5000/${account}/x:1`,
    create_params: { command: null, ports: [{ name: "ssh", container_port: 22 }] },
  });
});

test("told twice, and at the same time, it is one image that nobody need look at", async () => {
  await Promise.all([1, 2, 3].map(() => push(`${account}/x`, digest("a"))));
  await settle();
  await push(`${account}/x`, digest("a"));
  const [image, ...others] = await found(`${account}/x:1`);
  expect(others).toEqual([]);
  expect(await isDirty(image!.image_id)).toBe(false);
});

test("another content under a name that is taken changes nothing but that the reconciler looks", async () => {
  await push(`${account}/x`, digest("a"));
  await settle();
  await push(`${account}/x`, digest("b"));
  const [image, ...others] = await found(`${account}/x:1`);
  expect(others).toEqual([]);
  expect(image?.status?.digest).toBe(digest("a"));
  expect(await isDirty(image!.image_id)).toBe(true);
});

test("told out of turn, what counts is what the registry holds", async () => {
  tags.set(`${account}/x:1`, digest("b"));
  const late = { repository: `${account}/x`, tag: "1", actor: account };
  await recordPush(api.services, { ...late, digest: digest("a") });
  await recordPush(api.services, { ...late, digest: digest("b") });
  const [image] = await found(`${account}/x:1`);
  expect(image?.status?.digest).toBe(digest("b"));
});

test("told before the tag is there, it waits for the tag", async () => {
  const name = `${account}/x:1`;
  await push(`${account}/x`, digest("a"));
  await settle();
  asked = 0;
  // Only once it was found where it was before: then it is asked for again, however long that took.
  onTold = () => tags.set(name, digest("b"));
  await recordPush(api.services, { repository: `${account}/x`, tag: "1", digest: digest("b"), actor: account });
  expect(asked).toBe(2);
  const [image] = await found(name);
  expect(await isDirty(image!.image_id)).toBe(true);
});

test("what was deleted again is no image", async () => {
  await recordPush(api.services, { repository: `${account}/x`, tag: "1", digest: digest("a"), actor: account });
  expect(await found(`${account}/x:1`)).toEqual([]);
});

test("a removed image's name may be pushed anew", async () => {
  await push(`${account}/x`, digest("a"));
  await api.db.images.updateMany({ where: { name: `${account}/x:1` }, data: { desired: "absent" } });
  await push(`${account}/x`, digest("b"));
  const images = await found(`${account}/x:1`);
  expect(new Map(images.map(({ desired, status }) => [desired, status?.digest]))).toEqual(
    new Map([
      ["absent", digest("a")],
      ["present", digest("b")],
    ]),
  );
});

test("an admin's push for all is a public image, and nobody else's is", async () => {
  const { actor } = await api.addUser(`boss-${number}`, "admin");
  await push(`public/own-${number}`, digest("a"), actor.account);
  expect(await found(`public/own-${number}:1`)).toMatchObject([{ user_id: null, source: "push" }]);
  await push(`public/other-${number}`, digest("a"));
  expect(await found(`public/other-${number}:1`)).toEqual([]);
});

test("what Berth, a stranger or nobody known pushes changes nothing, and the registry is not even asked", async () => {
  await push(`${account}/x`, digest("a"), "berth");
  await push(`${account}/x`, digest("a"), (await api.addUser(`stranger-${number}`)).actor.account);
  await push("ghost/x", digest("a"), "ghost");
  await push(`${account}/deep/x`, digest("a"));
  await push(account, digest("a"));
  await api.db.users.update({ where: { account }, data: { deleted_at: new Date() } });
  await push(`${account}/x`, digest("a"));
  expect(await found(`${account}/x:1`)).toEqual([]);
  expect(asked).toBe(0);
});

test("a registry that can't say is asked again by whoever told", async () => {
  failure = new RegistryError("unreachable", "It is away.");
  await expect(push(`${account}/x`, digest("a"))).rejects.toMatchObject({ kind: "unreachable" });
  failure = null;
  await push(`${account}/x`, digest("a"));
  expect(await found(`${account}/x:1`)).toHaveLength(1);
});
