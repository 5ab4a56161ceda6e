import { writeRegistry } from "@berth/db/registry/record.ts";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { hashAsClient } from "../auth/password.ts";
import type { Actor } from "../context.ts";
import { issueUserToken } from "../registry/issue-user-token.ts";
import { asActor, type Caller, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

const PLAIN = "correct horse";

let api: InProcessApi;
let number = 0;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  const account = `li-${number}`;
  const { user_id } = await api.nobody.auth.register({ account, password: hashAsClient(PLAIN) });
  actor = asActor({ user_id, account, role: "user" });
  li = api.callerFor(actor);
});

const allow = (quota: { images?: number; storage?: number; containers?: number }) =>
  api.admin.user.update({ user_id: actor.user_id, quota });

/** A container as if it were on its engine. */
async function madeContainer(name = "box"): Promise<{ container_id: number }> {
  const { container_id } = await li.container.create({ name, image: "public/base:1" });
  const engine_id = `engine-${container_id}`;
  await api.db.container_status.update({ where: { container_id }, data: { engine_id } });
  api.engines.get("gpu-1")!.containers.set(engine_id, { mounts: [], env: [], image_id: "sha256:1" });
  return { container_id };
}

interface Layers {
  [digest: string]: number;
}

/** An image that is on the registry. */
const addImage = (name: string, layers: Layers, user_id: number | null = actor.user_id) =>
  api.db.images.create({
    data: {
      name,
      user_id,
      source: "push",
      status: {
        create: {
          phase: "Ready",
          size: Object.values(layers).reduce((sum, size) => sum + size, 0),
          layers: Object.entries(layers).map(([digest, size]) => ({ digest, size })),
        },
      },
    },
  });
const mine = (name: string): string => `${actor.account}/${name}`;
const usedBytes = async (): Promise<number> => (await li.user.me()).used.storage;

test("refuses one image too many, and says which there are", async () => {
  await allow({ images: 2 });
  const container = await madeContainer();
  await li.container.save({ ...container, name: "one:1" });
  const two = await li.container.save({ ...container, name: "two:1" });
  const images = [mine("one:1"), mine("two:1")];
  await expect(li.container.save({ ...container, name: "three:1" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: `The quota of ${actor.account} is 2 images, and 2 are there: ${images.join(", ")}.`,
    cause: { details: { limit: "images", allowed: 2, used: 2, asked: 1, images } },
  });
  expect(await api.db.images.count({ where: { user_id: actor.user_id } })).toBe(2);
  await li.image.remove(two);
  expect(await li.container.save({ ...container, name: "three:1" })).toMatchObject({ name: mine("three:1") });
});

test("many saves at once get no more than the quota, whichever way they are asked for", async () => {
  await allow({ images: 3 });
  const container = await madeContainer();
  const others = await Promise.all([1, 2, 3].map((index) => madeContainer(`other-${index}`)));
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 5 }, (_, index) => li.container.save({ ...container, name: `save-${index}:1` })),
    ...others.map((other) => li.container.recreate({ ...other, recreate: "preserve" })),
  ]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "CONFLICT" });
  }
  expect((await li.user.me()).used.images).toBe(3);
});

test("what a refused preserve would have recreated stays as it is", async () => {
  await allow({ images: 0 });
  const container = await madeContainer();
  const before = await li.container.get(container);
  await expect(li.container.recreate({ ...container, recreate: "preserve" })).rejects.toMatchObject({
    message: `The quota of ${actor.account} is 0 images.`,
  });
  expect(await li.container.get(container)).toEqual(before);
  expect(await li.container.recreate({ ...container, recreate: "discard" })).toMatchObject({ generation: 2 });
});

test("counts a layer once, and one of a public image not at all", async () => {
  await addImage(`public/base-${number}:1`, { [`sha256:base-${number}`]: 1_000 }, null);
  await addImage(mine("a:1"), { [`sha256:base-${number}`]: 1_000, "sha256:own": 70 });
  expect(await usedBytes()).toBe(70);
  await addImage(mine("a:2"), { [`sha256:base-${number}`]: 1_000, "sha256:own": 70, "sha256:more": 5 });
  expect(await usedBytes()).toBe(75);
  const other = await api.addUser(`wang-${number}`);
  await addImage(`wang-${number}/a:1`, { "sha256:own": 70 }, other.actor.user_id);
  expect((await other.api.user.me()).used).toEqual({ gpus: 0, containers: 0, images: 1, storage: 70 });
  await api.db.images.updateMany({ where: { name: mine("a:2") }, data: { desired: "absent" } });
  expect((await api.admin.user.get(actor)).used).toEqual({ gpus: 0, containers: 0, images: 1, storage: 70 });
});

test("refuses a save when its bytes are used up, and not before", async () => {
  await allow({ storage: 100 });
  const container = await madeContainer();
  await addImage(mine("small:1"), { "sha256:small": 30 });
  await addImage(mine("large:1"), { "sha256:large": 69 });
  // Nobody knows yet how large it will be.
  await li.container.save({ ...container, name: "last:1" });
  await addImage(mine("drop:1"), { "sha256:drop": 1 });
  const images = [mine("large:1"), mine("small:1"), mine("drop:1"), mine("last:1")];
  await expect(li.container.save({ ...container, name: "next:1" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: `The quota of ${actor.account} is 100 bytes of images, and 100 are in use by ${images.join(", ")}.`,
    cause: { details: { limit: "storage", allowed: 100, used: 100, asked: null, images } },
  });
  // What is kept on its machine alone takes nothing of the registry.
  expect(await li.container.recreate({ ...container, recreate: "preserve" })).toMatchObject({ generation: 2 });
});

test("tells at most ten names in its sentence", async () => {
  await allow({ images: 12 });
  for (let index = 10; index < 22; index += 1)
    await addImage(mine(`i-${index}:1`), { [`sha256:${index}`]: 100 - index });
  const { container_id } = await madeContainer();
  await expect(li.container.save({ container_id, name: "more:1" })).rejects.toThrow(
    `are there: ${[10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map((index) => mine(`i-${index}:1`)).join(", ")} and 2 more.`,
  );
});

test("an admin's saves and images in a user's namespace use that user's quota; public ones nobody's", async () => {
  const container = await madeContainer();
  await allow({ images: 1 });
  await api.admin.image.add({ name: mine("ext:1"), reference: "registry.lab:5000/x:1" });
  const limit = { cause: { details: { limit: "images" } } };
  await expect(api.admin.image.add({ name: mine("ext:2"), reference: "registry.lab:5000/x:2" })).rejects.toMatchObject(
    limit,
  );
  await expect(api.admin.container.save({ ...container, name: "one:1" })).rejects.toMatchObject(limit);
  await api.admin.image.add({ name: `public/ext-${number}:1`, reference: "registry.lab:5000/x:1" });
  expect((await li.user.me()).used.images).toBe(1);
});

test("a push into one's own namespace is refused by its token; a pull is not, nor a push elsewhere", async () => {
  const { address, url } = { address: "10.0.0.1:5000", url: "http://127.0.0.1:5000" };
  await writeRegistry(api.services.sql, { kind: "process", state: "running", address, url, ca: null, message: "" });
  await api.admin.settings.update({ user_push: true });
  onTestFinished(async () => void (await api.admin.settings.update({ user_push: false })));
  const ask = (...scopes: string[]) => {
    const credentials = { account: actor.account, secret: PLAIN };
    return issueUserToken(api.services, { credentials, service: "berth", scopes, address: `10.4.0.${number}` });
  };
  const push = `repository:${mine("app")}:pull,push`;
  await allow({ images: 1 });
  expect(await ask(push)).toHaveProperty("token");
  await addImage(mine("app:1"), { "sha256:app": 10 });
  await expect(ask(push)).rejects.toMatchObject({
    code: "CONFLICT",
    message: `The quota of ${actor.account} is 1 images, and 1 are there: ${mine("app:1")}.`,
  });
  expect(await ask(`repository:${mine("app")}:pull`)).toHaveProperty("token");
  expect(await ask()).toHaveProperty("token");
  // What is not theirs to push anyway is left out, as ever.
  expect(await ask("repository:public/app:pull,push")).toHaveProperty("token");
  await allow({ storage: 10 });
  await expect(ask(push)).rejects.toMatchObject({ message: expect.stringContaining("10 bytes of images") });
  await allow({ storage: 11 });
  expect(await ask(push)).toHaveProperty("token");
});

test("what a recreate has set aside takes room among the containers, and stops no recreate", async () => {
  await allow({ containers: 2 });
  const { container_id } = await madeContainer();
  const { machine_id, image_id } = await li.container.get({ container_id });
  const held = { engine_id: `held-${number}`, container_id, machine_id: machine_id!, generation: 3, image_id };
  await api.db.held_containers.create({ data: { ...held, held_until: new Date(Date.now() + 3_600_000) } });
  const create = () => li.container.create({ name: "more", image: "public/base:1" });
  await expect(create()).rejects.toMatchObject({
    code: "CONFLICT",
    message: `The quota of ${actor.account} is 2 containers, and 2 are in use by box, box (set aside at generation 3).`,
  });
  expect((await li.user.me()).used.containers).toBe(2);
  expect(await li.container.recreate({ container_id, recreate: "discard" })).toMatchObject({ generation: 2 });
  await api.db.held_containers.delete({ where: { engine_id: held.engine_id } });
  expect(await create()).toMatchObject({ name: "more" });
});

test("sizes that add up to more than a number holds are told as the largest, and the other users are still listed", async () => {
  const layers = Object.fromEntries(
    Array.from({ length: 1_100 }, (_, index) => [`sha256:${index}`, Number.MAX_SAFE_INTEGER]),
  );
  const { image_id } = await addImage(mine("claims:1"), { ["sha256:one"]: 1 });
  const claims = Object.entries(layers).map(([digest, size]) => ({ digest, size }));
  await api.db.image_status.update({ where: { image_id }, data: { layers: claims } });
  expect(await usedBytes()).toBe(Number.MAX_SAFE_INTEGER);
  const { items } = await api.admin.user.list({});
  expect(items.map(({ user_id }) => user_id)).toContain(actor.user_id);
  await allow({ storage: 1 });
  const container = await madeContainer();
  await expect(li.container.save({ ...container, name: "more:1" })).rejects.toMatchObject({ code: "CONFLICT" });
});
