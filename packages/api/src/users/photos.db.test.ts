import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Actor } from "../context.ts";
import { type Caller, type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { loadPhoto } from "./load-photo.ts";

let api: InProcessApi;
let photo: Uint8Array<ArrayBuffer>;
let number = 0;
let actor: Actor;
let li: Caller;

beforeAll(async () => {
  api = await openInProcessApi();
  const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: "#12355b" } });
  photo = new Uint8Array(await picture.png().toBuffer());
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  ({ actor, api: li } = await api.addUser(`li-${number}`));
});

const load = (path: string | null) =>
  loadPhoto(api.services.sql, /^\/photos\/([0-9a-f-]{36})\.webp$/.exec(path ?? "")?.[1] ?? "");
const FORBIDDEN = { code: "FORBIDDEN" };

test("a custom photo is kept as a WebP that any server of the database can load", async () => {
  const set = await li.user.set_photo_custom({ photo });
  expect((await li.user.me()).photo).toBe(set.photo);
  const stored = await load(set.photo);
  expect(stored?.content_type).toBe("image/webp");
  expect(await sharp(stored?.content).metadata()).toMatchObject({ format: "webp", width: 256, height: 256 });
});

test("the photo before goes, for a custom one and for a default one", async () => {
  const first = await li.user.set_photo_custom({ photo });
  const second = await li.user.set_photo_custom({ photo });
  expect(await load(first.photo)).toBeNull();
  expect(await load(second.photo)).not.toBeNull();
  expect(await li.user.set_photo_default({ user_id: actor.user_id, photo: "whale" })).toEqual({});
  expect(await load(second.photo)).toBeNull();
  expect((await li.user.me()).photo).toBe("/photos/default/whale.svg");
  expect(await api.db.photos.count({ where: { user_id: actor.user_id } })).toBe(0);
});

test("uploads at the same time leave one photo, which is the one that shows", async () => {
  const set = await Promise.all([1, 2, 3, 4].map(() => li.user.set_photo_custom({ photo })));
  const kept = await api.db.photos.findMany({ where: { user_id: actor.user_id } });
  expect(kept).toHaveLength(1);
  expect((await li.user.me()).photo).toBe(`/photos/${kept[0]?.photo_id}.webp`);
  expect(set.map((one) => one.photo)).toContain(`/photos/${kept[0]?.photo_id}.webp`);
});

test("who is named must be the caller, or the caller an admin", async () => {
  const { user_id, account } = actor;
  const wang = await api.addUser(`wang-${number}`);
  for (const named of [{ user_id }, { account }, { user_id, account }]) {
    expect(await li.user.set_photo_custom({ photo, ...named })).toHaveProperty("photo");
    await expect(wang.api.user.set_photo_custom({ photo, ...named })).rejects.toMatchObject(FORBIDDEN);
    await api.admin.user.set_photo_custom({ photo, ...named });
  }
  const two = { photo, user_id, account: wang.actor.account };
  for (const caller of [li, wang.api, api.admin]) {
    await expect(caller.user.set_photo_custom(two)).rejects.toMatchObject(FORBIDDEN);
  }
  const nobody = api.admin.user.set_photo_custom({ photo, account: "nobody-here" });
  await expect(nobody).rejects.toMatchObject({ code: "NOT_FOUND" });
  const stolen = wang.api.user.set_photo_default({ user_id, photo: "crab" });
  await expect(stolen).rejects.toMatchObject(FORBIDDEN);
  await api.admin.user.set_photo_default({ user_id, photo: "crab" });
  expect((await li.user.me()).photo).toBe("/photos/default/crab.svg");
});

test("who was disabled or demoted while their photo was on its way sets none", async () => {
  const UNAUTHORIZED = { code: "UNAUTHORIZED" };
  const former = await api.addUser(`former-${number}`, "admin");
  await api.admin.user.update({ user_id: former.actor.user_id, role: "user" });
  const { user_id } = actor;
  await expect(former.api.user.set_photo_custom({ photo, user_id })).rejects.toMatchObject(UNAUTHORIZED);
  await api.admin.user.update({ user_id, disabled: true });
  await expect(li.user.set_photo_custom({ photo })).rejects.toMatchObject(UNAUTHORIZED);
  expect(await api.db.photos.count({ where: { user_id } })).toBe(0);
});

test("what is no picture, or no default one, changes nothing", async () => {
  const set = await li.user.set_photo_custom({ photo });
  const text = li.user.set_photo_custom({ photo: Buffer.from("<svg/>") });
  await expect(text).rejects.toMatchObject({ code: "UNSUPPORTED_MEDIA_TYPE" });
  const large = li.user.set_photo_custom({ photo: Buffer.alloc(6 * 1024 ** 2) });
  await expect(large).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  for (const name of ["abc.png", "../secret", "toString"]) {
    const unknown = li.user.set_photo_default({ user_id: actor.user_id, photo: name });
    await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND" });
  }
  expect((await li.user.me()).photo).toBe(set.photo);
});

test("no photo is found by what is no id", async () => {
  for (const id of ["", "x", "' OR true --", "00000000-0000-4000-8000-000000000000"]) {
    expect(await loadPhoto(api.services.sql, id)).toBeNull();
  }
});

test("every picture to choose from can be chosen", async () => {
  const { items, next_cursor } = await li.user.default_photos();
  expect(next_cursor).toBeNull();
  for (const { name, photo: path } of items) {
    await li.user.set_photo_default({ user_id: actor.user_id, photo: name });
    expect((await li.user.me()).photo).toBe(path);
  }
});
