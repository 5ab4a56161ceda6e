import { DEFAULT_PHOTOS } from "@berth/api/users/default-photos.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenApp, openApp } from "./testing/open-app.ts";

let database: TestDatabase;
let open: OpenApp;

beforeAll(async () => {
  database = await createTestDatabase();
  open = await openApp(database.url);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

test("serves every picture that a user may choose, as a document that can do nothing", async () => {
  for (const { photo } of DEFAULT_PHOTOS) {
    const { statusCode, headers, body } = await open.app.inject(photo);
    expect({ photo, statusCode }).toEqual({ photo, statusCode: 200 });
    expect(headers["content-type"]).toContain("image/svg+xml");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toBe("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    expect(headers["cache-control"]).toBe("public, max-age=86400");
    expect(body).toContain("<svg");
  }
});

test("sends a picture that the browser has not again", async () => {
  const url = DEFAULT_PHOTOS[0]?.photo ?? "";
  const { etag } = (await open.app.inject(url)).headers;
  const ask = async (known: string) => (await open.app.inject({ url, headers: { "if-none-match": known } })).statusCode;
  expect(await ask(String(etag))).toBe(304);
  expect(await ask(`"other", W/${etag}`)).toBe(304);
  expect(await ask('"other"')).toBe(200);
});

test("serves a user's own photo by its id, for good", async () => {
  const { user_id } = await open.db.users.create({ data: { account: "li", password: "x" } });
  const content = Buffer.from("RIFF, as far as anyone looks");
  const { photo_id } = await open.db.photos.create({ data: { user_id, content_type: "image/webp", content } });
  const { headers, rawPayload } = await open.app.inject(`/photos/${photo_id}.webp`);
  expect(headers["content-type"]).toBe("image/webp");
  expect(headers["cache-control"]).toBe("private, max-age=31536000, immutable");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(rawPayload).toEqual(content);
});

test.each([
  "/photos/00000000-0000-4000-8000-000000000000.webp",
  "/photos/1.webp",
  "/photos/default/none.svg",
  "/photos/default/..%2f..%2fpackage.svg",
  "/photos/default/__proto__.svg",
])("finds nothing at %s", async (url) => {
  const answer = await open.app.inject(url);
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ error: { code: "NOT_FOUND" } });
});
