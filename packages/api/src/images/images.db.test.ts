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

test("an image tells what it was made from and what needs it, each as far as the caller may see that", async () => {
  const grandparent = await api.admin.image.add({ name: "public/line:1", reference });
  const create = async (name: string, parent_image_id: number, user_id: number | null) =>
    (
      await api.db.images.create({
        data: { name, reference, source: "commit", parent_image_id, user_id, status: { create: { phase: "Ready" } } },
      })
    ).image_id;
  const own = await li.user.me();
  const { actor: zhao, api: asZhao } = await api.addUser("zhao");
  const parent = await create("li/line:2", grandparent.image_id, own.user_id);
  const image_id = await create("li/line:3", parent, own.user_id);
  await api.db.images.update({ where: { image_id }, data: { shared_with: [zhao.user_id] } });
  const { container_id } = await li.container.create({ name: "in-line", image_id });
  const base = { image_id: grandparent.image_id, name: "public/line:1" };
  expect(await li.image.get({ image_id })).toMatchObject({
    account: "li",
    lineage: [{ image_id: parent, name: "li/line:2" }, base],
    needed_by: { containers: [{ container_id, name: "li/in-line" }], images: [] },
  });
  expect(await asZhao.image.get({ image_id })).toMatchObject({ lineage: [base], needed_by: { containers: [] } });
  expect(await asZhao.image.get({ image_id: grandparent.image_id })).toMatchObject({
    account: null,
    lineage: [],
    needed_by: { images: [] },
  });
  expect((await li.image.get({ image_id: grandparent.image_id })).needed_by.images).toEqual([
    { image_id: parent, name: "li/line:2" },
  ]);
});

test("how an image was mirrored is told to who may change it", async () => {
  const from = "docker.io/library/debian:12";
  const recipe = { type: "mirror", from };
  const { image_id } = await api.db.images.create({
    data: { name: "public/mirrored:1", source: "mirror", recipe, machine_id: "ENGINE-gpu-1" },
  });
  const told = { machine_id: "ENGINE-gpu-1", from, git: null, dockerfile: null, build_args: {} };
  expect((await api.admin.image.get({ image_id })).recipe).toEqual(told);
  expect((await li.image.get({ image_id })).recipe).toBeNull();
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

test("a container on its way to another machine needs the image that it is to be made of there", async () => {
  const { image_id } = await api.admin.image.add({ name: "public/taken-along:1", reference });
  const { container_id, machine_id, spec } = await li.container.create({ name: "moving", image: "public/torch:2.9" });
  await api.db.moves.create({ data: { container_id, image_id, to_machine_id: machine_id!, spec } });
  const removal = api.admin.image.remove({ image_id });
  await expect(removal).rejects.toMatchObject({ code: "CONFLICT", cause: { details: { containers: ["li/moving"] } } });
  await api.db.moves.delete({ where: { container_id } });
  expect(await api.admin.image.remove({ image_id })).toMatchObject({ image_id });
});

test("an image is needed while the engine container is still made of it, whatever its owner has asked for since", async () => {
  const [old, other] = await Promise.all(
    ["made-of", "moved-to"].map((name) => api.admin.image.add({ name: `public/${name}:1`, reference })),
  );
  const { container_id } = await li.container.create({ name: "to-be-remade", image_id: old!.image_id });
  await api.db.container_status.update({
    where: { container_id },
    data: { engine_id: "a".repeat(64), image_id: old!.image_id },
  });
  await li.container.stop({ container_id });
  await li.container.update({ container_id, image_id: other!.image_id, recreate: "discard" });
  const removal = api.admin.image.remove({ image_id: old!.image_id });
  await expect(removal).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("li/to-be-remade"),
    cause: { details: { containers: ["li/to-be-remade"] } },
  });
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

test("an owner or an admin says what an image is, and what is left out stays", async () => {
  const { image_id } = await api.admin.image.add({ name: "li/described:1", reference, display_name: "Before" });
  const described = await li.image.update({ image_id, description: "For papers.", display_name: null });
  expect(described).toMatchObject({ description: "For papers.", display_name: null, reference });
  const create_params = { ...described.create_params, gpu_count: 2 };
  expect(await api.admin.image.update({ image_id, create_params })).toMatchObject({
    description: "For papers.",
    create_params: { gpu_count: 2 },
  });
  const told = await api.db.audit_log.findMany({
    where: { noun: "image", object_id: String(image_id), action: "update" },
  });
  expect(told.map(({ account, details }) => [account, details])).toEqual([
    ["li", { name: "li/described:1", fields: ["display_name", "description"] }],
    ["boss", { name: "li/described:1", fields: ["create_params"] }],
  ]);
});

test("who may only start from an image changes nothing of it", async () => {
  const { api: guest } = await api.addUser("guest");
  const { image_id } = await api.admin.image.add({ name: "li/lent:1", reference });
  await expect(guest.image.update({ image_id, description: "mine" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await li.image.share({ image_id, accounts: ["guest"] });
  await expect(guest.image.update({ image_id, description: "mine" })).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(guest.image.share({ image_id, accounts: [] })).rejects.toMatchObject({ code: "FORBIDDEN" });
});

test("an image is shared with exactly those who are named last", async () => {
  const [chen, zhou] = [await api.addUser("chen"), await api.addUser("zhou")];
  const { image_id } = await api.admin.image.add({ name: "li/group:1", reference });
  await li.image.share({ image_id, accounts: ["chen", "li"] });
  expect(await chen.api.image.get({ image_id })).toMatchObject({ name: "li/group:1" });
  await li.image.share({ image_id, accounts: ["zhou"] });
  expect(await zhou.api.image.get({ image_id })).toMatchObject({ name: "li/group:1" });
  await expect(chen.api.image.get({ image_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  const { shared_with } = await api.db.images.findUniqueOrThrow({ where: { image_id } });
  expect(shared_with).toEqual([zhou.actor.user_id]);
});

test("an image is not shared with nobody known, and a public one or one that goes not at all", async () => {
  const { image_id } = await api.admin.image.add({ name: "li/alone:1", reference });
  const unknown = li.image.share({ image_id, accounts: ["li", "ghost"] });
  await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND", cause: { details: { accounts: ["ghost"] } } });
  const everybodys = await api.admin.image.add({ name: "public/every:1", reference });
  const shared = api.admin.image.share({ image_id: everybodys.image_id, accounts: ["li"] });
  await expect(shared).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await li.image.remove({ image_id })).toMatchObject({ image_id, desired: "absent" });
  await expect(li.image.share({ image_id, accounts: [] })).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(li.image.update({ image_id, description: "gone" })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("an image is no deleted user's", async () => {
  const { actor } = await api.addUser("left");
  await api.admin.user.delete({ user_id: actor.user_id });
  await expect(api.admin.image.add({ name: "left/own:1", reference })).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
  });
});

test("with whom an image is shared is told to who may change that, and to nobody else", async () => {
  const sun = await api.addUser("sun");
  const { image_id } = await api.admin.image.add({ name: "li/told:1", reference });
  expect(await li.image.share({ image_id, accounts: ["sun"] })).toMatchObject({ shared_with: ["sun"] });
  expect(await api.admin.image.get({ image_id })).toMatchObject({ shared_with: ["sun"] });
  expect(await sun.api.image.get({ image_id })).toMatchObject({ shared_with: null });
  const listed = await sun.api.image.list({ limit: 500 });
  expect(new Set(listed.items.map(({ shared_with }) => shared_with))).toEqual(new Set([null]));
});

test("an image is removed once", async () => {
  const { image_id } = await api.admin.image.add({ name: "li/once:1", reference });
  await li.image.remove({ image_id });
  await expect(li.image.remove({ image_id })).rejects.toMatchObject({ code: "CONFLICT" });
});
