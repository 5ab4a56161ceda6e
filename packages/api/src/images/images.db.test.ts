import { afterAll, beforeAll, expect, test } from "vitest";
import { type Caller, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";

let api: InProcessApi;
let li: Caller;
const reference = "registry.lab:5000/base:1";

beforeAll(async () => {
  api = await openInProcessApi();
  await api.addMachine("gpu-1");
  li = (await api.addUser("li")).api;
});
afterAll(() => api.close());

test("an added image is ready, and public or its account's by its name", async () => {
  const ours = await api.admin.image.add({ name: "public/torch:2.9", reference, display_name: "PyTorch" });
  expect(ours).toMatchObject({
    public: true,
    user_id: null,
    source: "external",
    phase: "Ready",
    display_name: "PyTorch",
  });
  const { user_id } = await li.user.me();
  expect(await api.admin.image.add({ name: "li/own:1", reference })).toMatchObject({ public: false, user_id });
});

test("an image's dictionary has every field, those that were not given with their defaults", async () => {
  const { create_params } = await api.admin.image.add({ name: "public/plain:1", reference });
  expect(create_params).toMatchObject({ env: {}, ports: [], tty: true, gpu_count: 0, restart: "unless-stopped" });
});

test("a name is taken once, and a namespace has an account", async () => {
  await api.admin.image.add({ name: "public/once:1", reference });
  const again = api.admin.image.add({ name: "public/once:1", reference });
  await expect(again).rejects.toMatchObject({ code: "CONFLICT" });
  const nobodys = api.admin.image.add({ name: "ghost/own:1", reference });
  await expect(nobodys).rejects.toMatchObject({ code: "UNPROCESSABLE_CONTENT" });
});

test("each sees public images, their own, and what is shared with them", async () => {
  const { api: wang, actor } = await api.addUser("wang");
  const { image_id } = await api.admin.image.add({ name: "li/paper:1", reference });
  const namesOf = async (caller: Caller, scope: "public" | "mine" | "all") =>
    (await caller.image.list({ scope, limit: 500 })).items.map((image) => image.name);
  expect(await namesOf(li, "mine")).toContain("li/paper:1");
  expect(await namesOf(li, "public")).not.toContain("li/paper:1");
  expect(await namesOf(wang, "all")).not.toContain("li/paper:1");
  expect(await namesOf(api.admin, "all")).toContain("li/paper:1");
  await api.db.images.update({ where: { image_id }, data: { shared_with: [actor.user_id] } });
  expect(await namesOf(wang, "all")).toContain("li/paper:1");
  expect(await namesOf(wang, "mine")).toEqual([]);
});

test("an image that something needs is not removed, and what needs it is named", async () => {
  const { image_id } = await api.admin.image.add({ name: "public/parent:1", reference });
  await li.container.create({ name: "needs-it", image_id });
  const child = { name: "li/child:1", reference, source: "commit", parent_image_id: image_id };
  await api.db.images.create({ data: child });
  await expect(api.admin.image.remove({ image_id })).rejects.toMatchObject({
    code: "CONFLICT",
    cause: { details: { containers: ["li/needs-it"], images: ["li/child:1"] } },
  });
});

test("a held container needs the image that it was made from", async () => {
  const { image_id } = await api.admin.image.add({ name: "public/old:1", reference });
  const { container_id } = await li.container.create({ name: "moved-on", image: "public/torch:2.9" });
  const machine_id = "ENGINE-gpu-1";
  const held_until = new Date("2030-01-01T00:00:00Z");
  const engine_id = "f".repeat(64);
  await api.db.held_containers.create({
    data: { engine_id, container_id, machine_id, generation: 1, image_id, held_until },
  });
  const removal = api.admin.image.remove({ image_id });
  await expect(removal).rejects.toMatchObject({ cause: { details: { containers: ["li/moved-on"] } } });
});

test("a removed image's name is free, and no container starts from it", async () => {
  const { image_id } = await api.admin.image.add({ name: "li/gone:1", reference });
  await li.image.remove({ image_id });
  await expect(li.container.create({ name: "too-late", image_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await api.admin.image.add({ name: "li/gone:1", reference })).toMatchObject({ name: "li/gone:1" });
});

test("a public image is not a user's to remove", async () => {
  const { image_id } = await api.admin.image.add({ name: "public/all:1", reference });
  await expect(li.image.remove({ image_id })).rejects.toMatchObject({ code: "FORBIDDEN" });
});
