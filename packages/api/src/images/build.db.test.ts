import { readBlob } from "@berth/db/blobs/blob.ts";
import { appendImageLog } from "@berth/db/images/logs.ts";
import type { ImageRecipe, UploadedFile } from "@berth/spec/image.ts";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { tarGzOf, tarOf, unpack, uploadOf } from "./build-context/testing/archives.ts";

let api: InProcessApi;
let builder: string;
let number = 0;
const newName = (): string => `public/built:${(number += 1)}`;

beforeAll(async () => {
  api = await openInProcessApi();
  builder = (await api.addMachine("gpu-1")).machine_id;
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.db.image_status.updateMany({ where: { phase: "Waiting" }, data: { phase: "Failed" } });
  await api.db.machines.updateMany({ data: { is_builder: false, state: "active" } });
  await api.db.machines.update({ where: { machine_id: builder }, data: { is_builder: true } });
});

const rowOf = async (image_id: number) => {
  const row = await api.db.images.findUniqueOrThrow({ where: { image_id } });
  return { ...row, recipe: row.recipe as Extract<ImageRecipe, { type: "build" }> };
};
const filesOf = async (blobId: string | null) =>
  Object.fromEntries(
    (await unpack(readBlob(api.services.sql, blobId ?? ""))).map(([{ name }, content]) => [name, content]),
  );
const blobs = (): Promise<number> => api.db.blobs.count();

async function upload(...entries: Parameters<typeof tarOf>[0]): Promise<UploadedFile> {
  const file = await uploadOf(await tarGzOf(entries));
  onTestFinished(() => file.close());
  return file;
}

test("a Dockerfile alone becomes an image that waits, with its file kept for who builds it", async () => {
  const name = newName();
  const image = await api.admin.image.build({
    name,
    display_name: "Built",
    dockerfile: "FROM debian:12\nRUN true\n",
    build_args: { PIP_INDEX: "https://a.example" },
    create_params: { shm: 64 },
  });
  expect(image).toMatchObject({
    name,
    display_name: "Built",
    source: "build",
    phase: "Waiting",
    desired: "present",
    public: true,
    parent_image_id: null,
    reference: `registry.invalid/${name}`,
    create_params: { shm: 64 },
  });
  const row = await rowOf(image.image_id);
  expect(row).toMatchObject({ machine_id: builder, cancelled: false, run: 1, reference: null });
  const { blob_id, ...recipe } = row.recipe;
  expect(recipe).toEqual({
    type: "build",
    git: null,
    dockerfile: "Dockerfile",
    build_args: { PIP_INDEX: "https://a.example" },
    base_image_ids: [],
    inherits: false,
  });
  expect(await filesOf(blob_id)).toEqual({ Dockerfile: "FROM debian:12\nRUN true\n" });
  const [entry] = await api.db.audit_log.findMany({ where: { noun: "image", object_id: String(image.image_id) } });
  // Names of arguments, never what they are.
  expect(entry).toMatchObject({ action: "build", details: { name, machine_id: builder, build_args: ["PIP_INDEX"] } });
});

test("files that are sent are kept without what .dockerignore names, and the Dockerfile may be elsewhere in them", async () => {
  const context = await upload(["docker/gpu", "FROM scratch"], ["a", "x"], ["b.log", "x"], [".dockerignore", "*.log"]);
  const { image_id } = await api.admin.image.build({ name: newName(), context, dockerfile: "docker/gpu" });
  const { recipe } = await rowOf(image_id);
  expect(recipe.dockerfile).toBe("docker/gpu");
  expect(Object.keys(await filesOf(recipe.blob_id))).toEqual(["docker/gpu", "a", ".dockerignore"]);
});

test("a Dockerfile of several lines beside files is the Dockerfile there", async () => {
  const context = await upload(["Dockerfile", "FROM old"], ["a", "x"]);
  const { image_id } = await api.admin.image.build({ name: newName(), context, dockerfile: "FROM new:1\nCOPY a /a\n" });
  const { recipe } = await rowOf(image_id);
  expect(await filesOf(recipe.blob_id)).toEqual({ Dockerfile: "FROM new:1\nCOPY a /a\n", a: "x" });
});

test("a repository is left to the builder", async () => {
  const git = "https://git.lab.example/group/app.git#v2:docker";
  const { image_id } = await api.admin.image.build({ name: newName(), git, dockerfile: "gpu.Dockerfile" });
  expect((await rowOf(image_id)).recipe).toMatchObject({ blob_id: null, git, dockerfile: "gpu.Dockerfile" });
});

test.each([
  "file:///etc",
  "/srv/app.git",
  "../app.git",
  "https://li:secret@git.example/app.git",
  "https://token@git.example/app.git",
  "ssh://git:secret@git.example/app.git",
  "http://git.example/app.git",
  "https://git.example/app",
  "https://git.example/app.git#--upload-pack=x",
  "https://git.example/app.git#main:../..",
  "https://git.example/../app.git",
  "git@git.example:app.git#main extra",
  "ext::sh -c x .git",
])("%j is no repository to build from", async (git) => {
  await expect(api.admin.image.build({ name: newName(), git })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test.each([
  "ssh://git@git.example:2222/a/b.git",
  "git@git.example:a/b.git#main",
  "https://git.example:8443/a.git#:folder",
])("%j is one", async (git) => {
  expect(await api.admin.image.build({ name: newName(), git })).toMatchObject({ phase: "Waiting" });
});

test("what makes no sense together is refused, and only a form brings a file", async () => {
  const context = await upload(["Dockerfile", "FROM a:1"]);
  const git = "https://git.example/a.git";
  for (const given of [{}, { context, git }, { git, dockerfile: "FROM a:1\nRUN b" }]) {
    await expect(api.admin.image.build({ name: newName(), ...given })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  }
  for (const path of [{ path: "/etc/passwd" }, "/etc/passwd", { size: 3, read: "x" }]) {
    const forged = api.admin.image.build({ name: newName(), context: path as unknown as UploadedFile });
    await expect(forged).rejects.toMatchObject({ code: "BAD_REQUEST" });
  }
});

test("nothing is kept of what is refused", async () => {
  const before = await blobs();
  const name = newName();
  const admin = api.admin.image;
  await expect(admin.build({ name, dockerfile: "FROM a\nRUN --mount=type=cache,target=/c x" })).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    cause: { details: { field: "dockerfile", line: 2 } },
  });
  const context = await upload(["Dockerfile", "FROM a:1"], ["../evil", "x"]);
  await expect(admin.build({ name, context })).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    cause: { details: { entry: "../evil" } },
  });
  // Found only while it is written.
  const late = await upload(
    ["Dockerfile", "FROM a:1"],
    ["a", "x"],
    ["b", { type: "link", linkname: "a" }],
    [".dockerignore", "a"],
  );
  await expect(admin.build({ name, context: late })).rejects.toMatchObject({ code: "UNPROCESSABLE_CONTENT" });
  expect(await blobs()).toBe(before);
  expect(await api.db.images.count({ where: { name } })).toBe(0);
});

test("a name that is taken is refused, also where that is only seen at the end", async () => {
  const name = newName();
  const before = await blobs();
  const builds = await Promise.allSettled(
    [1, 2, 3].map(() => api.admin.image.build({ name, dockerfile: "FROM debian:12" })),
  );
  expect(builds.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
  for (const build of builds) {
    if (build.status === "rejected") expect(build.reason).toMatchObject({ code: "CONFLICT" });
  }
  expect(await blobs()).toBe(before + 1);
});

test("only for admins", async () => {
  const li = await api.addUser("li");
  const build = li.api.image.build({ name: newName(), dockerfile: "FROM a:1" });
  await expect(build).rejects.toMatchObject({ code: "FORBIDDEN" });
  const own = api.admin.image.build({ name: "li/own:1", dockerfile: "FROM a:1" });
  await expect(own).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("one who is no admin any more when the files have arrived builds nothing", async () => {
  const former = await api.addUser("former", "admin");
  await api.db.users.update({ where: { user_id: former.actor.user_id }, data: { role: "user" } });
  const before = await blobs();
  const build = former.api.image.build({ name: newName(), dockerfile: "FROM a:1" });
  await expect(build).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(await blobs()).toBe(before);
});

test("one admin has four builds under way, and all together sixteen", async () => {
  const build = (by: typeof api.admin) => by.image.build({ name: newName(), dockerfile: "FROM debian:12" });
  const admins = [];
  for (let count = 0; count < 4; count += 1) admins.push((await api.addUser(`admin-${count}`, "admin")).api);
  // At once: they are counted all the same.
  const [first] = admins;
  const six = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => build(first!)));
  expect(six.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  await expect(build(first!)).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
    message: expect.stringContaining("You have 4 builds"),
  });
  for (const admin of admins.slice(1)) for (let count = 0; count < 4; count += 1) await build(admin);
  await expect(build(api.admin)).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
    message: expect.stringContaining("There are 16 builds"),
  });
  const ended = await api.db.images.findFirstOrThrow({ where: { status: { phase: "Waiting" } } });
  await api.db.image_status.update({ where: { image_id: ended.image_id }, data: { phase: "Ready" } });
  await build(api.admin);
});

test("the builder is the one that is named, or the first that is online, or it is said how to make one", async () => {
  const second = (await api.addMachine("gpu-2")).machine_id;
  const build = async (machine_id?: string) =>
    (
      await rowOf(
        (await api.admin.image.build({ name: newName(), dockerfile: "FROM a:1", ...(machine_id && { machine_id }) }))
          .image_id,
      )
    ).machine_id;
  await api.db.machines.update({ where: { machine_id: second }, data: { is_builder: true } });
  await api.db.machine_status.updateMany({ data: { online: true } });
  expect(await build()).toBe(builder);
  await api.db.machine_status.update({ where: { machine_id: builder }, data: { online: false } });
  expect(await build()).toBe(second);
  expect(await build(builder)).toBe(builder);
  await expect(build("nowhere")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await api.db.machines.updateMany({ data: { state: "cordoned" } });
  await expect(build(second)).rejects.toMatchObject({ code: "UNPROCESSABLE_CONTENT" });
  await api.db.machines.updateMany({ data: { state: "active", is_builder: false } });
  await expect(build(second)).rejects.toMatchObject({ message: expect.stringContaining("is no builder") });
  await expect(build()).rejects.toMatchObject({
    code: "UNPROCESSABLE_CONTENT",
    message: expect.stringContaining('{"is_builder":true}'),
  });
});

test("an image of ours that it starts from is its parent, and lends it its dictionary", async () => {
  const base = await api.admin.image.add({
    name: "public/base:1",
    reference: "registry.lab:5000/base:1",
    create_params: { memory: 1_024 },
  });
  const build = (dockerfile: string, more = {}) => api.admin.image.build({ name: newName(), dockerfile, ...more });
  const child = await build("FROM debian:12 AS tools\nFROM public/base:1\nCOPY --from=tools /a /a");
  expect(child).toMatchObject({ parent_image_id: base.image_id, create_params: { memory: 1_024 } });
  expect(await build("FROM public/base:1", { create_params: {} })).toMatchObject({ create_params: { memory: null } });
  // What only a stage starts from is no parent.
  expect(await build("FROM public/base:1 AS tools\nFROM debian:12")).toMatchObject({ parent_image_id: null });
  await expect(api.admin.image.remove({ image_id: base.image_id })).rejects.toMatchObject({ code: "CONFLICT" });

  await api.db.settings.create({ data: { key: "registry", value: { address: "10.0.0.1:5000" } } });
  onTestFinished(async () => void (await api.db.settings.deleteMany({ where: { key: "registry" } })));
  const full = await build("ARG TAG=1\nFROM 10.0.0.1:5000/public/base:$TAG");
  expect(full).toMatchObject({ parent_image_id: base.image_id });
});

test("an image of ours that is not there to build from is refused, naming the line", async () => {
  const build = (from: string) => api.admin.image.build({ name: newName(), dockerfile: `# base\nFROM ${from}` });
  const refused = { code: "UNPROCESSABLE_CONTENT", cause: { details: { field: "dockerfile", line: 2 } } };
  await expect(build("public/none:1")).rejects.toMatchObject(refused);
  await expect(build("registry.invalid/li/none:1")).rejects.toMatchObject(refused);
  await expect(build("public/none:1 AS a\nFROM debian:12")).rejects.toMatchObject(refused);
  const { image_id } = await api.admin.image.add({ name: "public/late:latest", reference: "r.lab:5000/late:1" });
  const digest = `sha256:${"a".repeat(64)}`;
  await api.db.image_status.update({ where: { image_id }, data: { digest } });
  expect(await build("public/late")).toMatchObject({ parent_image_id: image_id });
  await api.db.image_status.updateMany({ where: { phase: "Waiting" }, data: { phase: "Failed" } });
  expect(await build(`public/late@${digest}`)).toMatchObject({ parent_image_id: image_id });
  await expect(build(`public/late@sha256:${"b".repeat(64)}`)).rejects.toMatchObject(refused);
  await api.db.image_status.update({ where: { image_id }, data: { phase: "Pushing" } });
  await expect(build("public/late")).rejects.toMatchObject({ message: expect.stringContaining("is Pushing") });
});

test("a build is cancelled until it has ended, and made again once it failed", async () => {
  const { image_id } = await api.admin.image.build({ name: newName(), dockerfile: "FROM debian:12" });
  const reach = (phase: string) => api.db.image_status.update({ where: { image_id }, data: { phase } });
  const { generation } = await rowOf(image_id);
  await expect(api.admin.image.retry({ image_id })).rejects.toMatchObject({ code: "CONFLICT" });
  await reach("Building");
  expect(await api.admin.image.cancel({ image_id })).toMatchObject({ image_id });
  expect(await rowOf(image_id)).toMatchObject({ cancelled: true, run: 1, generation: generation + 1 });
  await reach("Failed");
  await expect(api.admin.image.cancel({ image_id })).rejects.toMatchObject({ code: "CONFLICT" });
  await api.admin.image.retry({ image_id });
  expect(await rowOf(image_id)).toMatchObject({ cancelled: false, run: 2, generation: generation + 2 });
  await reach("Ready");
  await expect(api.admin.image.cancel({ image_id })).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(api.admin.image.retry({ image_id })).rejects.toMatchObject({ code: "CONFLICT" });
  const actions = await api.db.audit_log.findMany({
    where: { object_id: String(image_id) },
    orderBy: { audit_id: "asc" },
  });
  expect(actions.map(({ action }) => action)).toEqual(["build", "cancel", "retry"]);
});

test("what was removed, or whose files are gone, is not made again", async () => {
  const { image_id } = await api.admin.image.build({ name: newName(), dockerfile: "FROM debian:12" });
  await api.db.image_status.update({ where: { image_id }, data: { phase: "Failed" } });
  const { recipe } = await rowOf(image_id);
  await api.db.blobs.delete({ where: { blob_id: recipe.blob_id ?? "" } });
  await expect(api.admin.image.retry({ image_id })).rejects.toMatchObject({
    message: expect.stringContaining("are gone"),
  });
  await api.admin.image.remove({ image_id });
  for (const verb of [api.admin.image.retry, api.admin.image.cancel]) {
    await expect(verb({ image_id })).rejects.toMatchObject({ message: expect.stringContaining("was removed") });
  }
});

test("an image's log is its owner's and the admins', page by page until it has ended", async () => {
  const owner = await api.addUser("wang");
  const other = await api.addUser("zhou");
  const { image_id } = await api.db.images.create({
    data: {
      name: "wang/log:1",
      user_id: owner.actor.user_id,
      source: "build",
      shared_with: [other.actor.user_id],
      status: { create: { phase: "Building" } },
    },
  });
  const log = (from_seq?: number) => owner.api.image.log({ image_id, ...(from_seq && { from_seq }) });
  expect(await log()).toEqual({ text: "", next_seq: 1, ended: false });
  await appendImageLog(api.services.sql, image_id, "Step 1\n");
  const first = await log();
  expect(first).toEqual({ text: "Step 1\n", next_seq: 2, ended: false });
  await appendImageLog(api.services.sql, image_id, "x".repeat(400 * 1024));
  const status = { phase: "Failed", observed_generation: 1 };
  await api.db.image_status.update({ where: { image_id }, data: status });
  const second = await log(first.next_seq);
  expect(second).toMatchObject({ ended: false });
  const third = await log(second.next_seq);
  expect(second.text.length + third.text.length).toBe(400 * 1024);
  expect(third.ended).toBe(true);
  expect(await log(third.next_seq)).toMatchObject({ text: "", ended: true });
  expect((await api.admin.image.log({ image_id })).text).toMatch(/^Step 1\n/);
  await expect(other.api.image.log({ image_id })).rejects.toMatchObject({ code: "FORBIDDEN" });
  const stranger = await api.addUser("chen");
  await expect(stranger.api.image.log({ image_id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  // To be made again: more will come, though nobody has begun.
  await owner.api.image.retry({ image_id });
  expect(await log(third.next_seq)).toMatchObject({ ended: false });
});
