import { EngineError } from "@berth/docker/engine.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PIXEL } from "./testing/contract.ts";
import { type Client, type OpenRest, openRest, PASSWORD } from "./testing/open-rest.ts";

let rest: OpenRest;
let li: Client;
let admin: Client;

beforeAll(async () => {
  rest = await openRest();
  li = await rest.addUser("li");
  admin = await rest.addUser("boss", "admin");
});
afterAll(() => rest.close());

const refusal = (code: string, details: unknown = null) => ({
  error: { code, message: expect.stringMatching(/.{5}/), details },
});
const JSON_TYPE = { "content-type": "application/json" };

describe("a request that no procedure is reached by", () => {
  test("has a path that is not there", async () => {
    for (const path of ["/api", "/api/", "/api/nothing", "/api/machines/a/b", "/api/docs/nothing"]) {
      expect(await rest.fetch("GET", path)).toMatchObject({ status: 404, json: refusal("NOT_FOUND") });
    }
  });

  test("has a method that its path does not take, which are named", async () => {
    const answer = await rest.fetch("PUT", "/api/machines", { body: "x", headers: { "content-type": "text/plain" } });
    expect(answer).toMatchObject({ status: 405, json: refusal("METHOD_NOT_ALLOWED") });
    expect(answer.headers.get("allow")).toBe("GET, POST, HEAD, OPTIONS");
    const options = await rest.fetch("OPTIONS", "/api/machines");
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, POST, HEAD, OPTIONS"]);
    expect(await rest.fetch("GET", "/api/auth/login")).toMatchObject({ status: 405 });
  });

  test("asks with HEAD for what GET would answer", async () => {
    const head = await rest.fetch("HEAD", "/api/machines", { as: li });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("has an encoding in its path that is none", async () => {
    const answer = await rest.fetch("GET", "/api/user/get_user/%E0%A4%A", { as: li });
    expect(answer).toMatchObject({ status: 400, json: refusal("BAD_REQUEST") });
  });

  test.each([
    ["no JSON", "{", 400, "BAD_REQUEST"],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), 400, "BAD_REQUEST"],
    ["a prototype in it", '{"__proto__":{"role":"admin"}}', 400, "BAD_REQUEST"],
    ["a list", "[]", 400, "BAD_REQUEST"],
    ["1 MiB and more", JSON.stringify({ account: "x".repeat(1024 * 1024) }), 413, "PAYLOAD_TOO_LARGE"],
  ])("has a body that is %s", async (_what, body, status, code) => {
    const answer = await rest.fetch("POST", "/api/auth/login", { body, headers: JSON_TYPE });
    expect(answer).toMatchObject({ status, json: refusal(code) });
  });

  test.each(["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])(
    "has a body of type %s",
    async (type) => {
      const answer = await rest.fetch("POST", "/api/auth/login", { body: "a=1", headers: { "content-type": type } });
      expect(answer).toMatchObject({ status: 415, json: { error: { message: expect.stringContaining("JSON") } } });
    },
  );
});

describe("what a procedure is called with", () => {
  test("names each field that is wrong, wherever it came from", async () => {
    const fields = (names: string[]) => ({
      fields: expect.arrayContaining(names.map((field) => ({ field, message: expect.any(String) }))),
    });
    const body = await rest.fetch("POST", "/api/auth/register", { body: { account: "Li", password: "short" } });
    expect(body).toMatchObject({ status: 400, json: refusal("BAD_REQUEST", fields(["account", "password"])) });
    const query = await rest.fetch("GET", "/api/machines?limit=many", { as: li });
    expect(query).toMatchObject({ status: 400, json: refusal("BAD_REQUEST", fields(["limit"])) });
    const path = await rest.fetch("GET", "/api/containers/first", { as: li });
    expect(path).toMatchObject({ status: 400, json: refusal("BAD_REQUEST", fields(["container_id"])) });
  });

  test("is read from the query, of which unknown names are ignored", async () => {
    const answer = await rest.fetch("GET", "/api/images?limit=1&scope=public&colour=red", { as: li });
    expect(answer).toMatchObject({ status: 200, json: { items: [] } });
    expect((await rest.fetch("GET", "/api/images?limit=1&limit=2", { as: li })).status).toBe(400);
  });

  test("has the path's fields, whatever the body says", async () => {
    await rest.addMachine("gpu-1");
    await rest.addMachine("gpu-2");
    const body = { machine_id: "ENGINE-gpu-2", is_builder: true };
    const answer = await rest.fetch("PATCH", "/api/machines/ENGINE%2dgpu-1", { as: admin, body });
    expect(answer).toMatchObject({ status: 200, json: { machine_id: "ENGINE-gpu-1", is_builder: true } });
  });

  test("is {} where there is no body, with its type named or not", async () => {
    for (const headers of [{}, JSON_TYPE]) {
      const answer = await rest.fetch("POST", "/api/auth/logout_everywhere", {
        as: await rest.addUser(`leaver-${Object.keys(headers).length}`),
        headers,
      });
      expect(answer).toMatchObject({ status: 200, text: "{}" });
    }
  });

  test("may be a number above what a database counts to", async () => {
    for (const id of ["2147483648", "9007199254740991", "99999999999999999999", "-1", "1.5", "1e3"]) {
      for (const path of [`/api/containers/${id}`, `/api/images/${id}`, `/api/containers/${id}/logs`]) {
        expect((await rest.fetch("GET", path, { as: li })).status).toBe(400);
      }
    }
  });
});

test("a request counts as one of its account's until it was answered, by either door", async () => {
  const counted: string[] = [];
  const begin = (user_id: number) => {
    counted.push(`begin ${user_id}`);
    return () => counted.push(`end ${user_id}`);
  };
  const counting = await openRest({ services: { calls: { count: () => undefined, begin } } });
  const caller = await counting.addUser("caller");
  for (const path of ["/api/user/me", "/trpc/user.me"]) {
    counted.length = 0;
    expect((await counting.fetch("GET", path, { as: caller })).status).toBe(200);
    await vi.waitFor(() => expect(counted).toEqual([`begin ${caller.user_id}`, `end ${caller.user_id}`]));
  }
  await counting.close();
});

describe("a failure", () => {
  test("of ours is told as nothing but an id, which the log has with its cause", async () => {
    const fault = new Error("relation secret_table does not exist");
    const broken = await openRest({
      services: { engines: { engineOf: () => Promise.reject(fault) } },
    });
    const owner = await broken.addUser("owner");
    await broken.addMachine("gpu-1");
    const image = { name: "public/base:1", reference: "registry.lab:5000/base:1" };
    await broken.fetch("POST", "/api/images", { as: await broken.addUser("chief", "admin"), body: image });
    const made = await broken.fetch("POST", "/api/containers", { as: owner, body: { name: "box", image: image.name } });
    const { container_id } = made.json as { container_id: number };
    await broken.db.container_status.upsert({
      where: { container_id },
      create: { container_id, engine_id: "e".repeat(64) },
      update: { engine_id: "e".repeat(64) },
    });
    const answer = await broken.fetch("GET", `/api/containers/${container_id}/logs`, { as: owner });
    const details = { request_id: expect.any(String) };
    expect(answer).toMatchObject({ status: 500, json: refusal("INTERNAL_SERVER_ERROR", details) });
    expect(answer.text).not.toContain("secret_table");
    const { request_id } = (answer.json as { error: { details: { request_id: string } } }).error.details;
    const logged = broken.lines.filter((line) => line.includes("secret_table"));
    expect(logged.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ requestId: request_id, level: 50 }]);
    await broken.close();
  });

  test("for being asked too often says when to ask again", async () => {
    const busy = await openRest({ requestsPerMinute: 3 });
    for (let call = 0; call < 3; call += 1) await busy.fetch("GET", "/api/machines");
    const refused = await busy.fetch("GET", "/api/machines");
    expect(refused).toMatchObject({ status: 429, json: refusal("TOO_MANY_REQUESTS") });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await busy.close();
    const guess = () =>
      rest.fetch("POST", "/api/auth/login", { body: { account: "no-such-user", password: PASSWORD } });
    for (let attempt = 0; attempt < 10; attempt += 1) await guess();
    const throttled = await guess();
    expect(throttled).toMatchObject({
      status: 429,
      json: { error: { details: { retry_after_s: expect.any(Number) } } },
    });
    expect(Number(throttled.headers.get("retry-after"))).toBeGreaterThan(200);
  });

  test("of a machine says that it is the machine's, and of a container that was never made, what to do", async () => {
    const image = { name: "public/base:1", reference: "registry.lab:5000/base:1" };
    await rest.fetch("POST", "/api/images", { as: admin, body: image });
    const made = await rest.fetch("POST", "/api/containers", { as: li, body: { name: "box", image: image.name } });
    const { container_id } = made.json as { container_id: number };
    const logs = () => rest.fetch("GET", `/api/containers/${container_id}/logs?tail=1`, { as: li });
    expect(await logs()).toMatchObject({
      status: 409,
      json: { error: { message: expect.stringContaining("Pending") } },
    });
    const engine_id = "e".repeat(64);
    await rest.db.container_status.upsert({
      where: { container_id },
      create: { container_id, engine_id },
      update: { engine_id },
    });
    rest.logs.failure = new EngineError("unreachable", "no answer", { timedOut: true });
    expect(await logs()).toMatchObject({ status: 503, json: { error: { code: "UNAVAILABLE" } } });
    rest.logs.failure = null;
    rest.logs.lines = "前\r\n後\n";
    expect((await logs()).json).toEqual({ lines: ["前", "後"] });
    expect((await rest.fetch("GET", `/api/containers/${container_id}/logs`, { as: null })).status).toBe(401);
    expect((await rest.fetch("GET", `/api/containers/${container_id}/logs?tail=0`, { as: li })).status).toBe(400);
  });
});

describe("a form", () => {
  const PATH = "/api/user/set_photo/custom";
  const file = (bytes: Uint8Array) => new Blob([Buffer.from(bytes)], { type: "image/png" });
  const formOf = (parts: Record<string, string | Blob>): FormData => {
    const form = new FormData();
    for (const [name, part] of Object.entries(parts)) form.append(name, part);
    return form;
  };

  test("is the only body that an upload takes", async () => {
    const answer = await rest.fetch("POST", PATH, { as: li, body: { photo: "x" } });
    expect(answer).toMatchObject({ status: 415, json: refusal("UNSUPPORTED_MEDIA_TYPE") });
    const none = await rest.fetch("POST", PATH, { as: li });
    expect(none.status).toBe(415);
    const headers = { "content-type": "image/png" };
    const raw = await rest.fetch("POST", PATH, { as: li, body: PIXEL, headers });
    expect(raw).toMatchObject({
      status: 415,
      json: { error: { message: expect.stringContaining("multipart/form-data with one part named photo") } },
    });
  });

  test("has one file, under the name that is asked for", async () => {
    const refused = (body: FormData) => rest.fetch("POST", PATH, { as: li, body });
    const details = { fields: [{ field: "photo", message: expect.any(String) }] };
    expect(await refused(formOf({ user_id: "1" }))).toMatchObject({
      status: 400,
      json: refusal("BAD_REQUEST", details),
    });
    expect(await refused(formOf({ picture: file(PIXEL) }))).toMatchObject({ status: 400 });
    expect(await refused(formOf({ photo: file(PIXEL), other: file(PIXEL) }))).toMatchObject({ status: 400 });
    const twice = formOf({ photo: file(PIXEL) });
    twice.append("photo", file(PIXEL));
    expect(await refused(twice)).toMatchObject({ status: 400 });
  });

  test("may name the user in a text field", async () => {
    const own = { photo: file(PIXEL), user_id: String(li.user_id), account: "li" };
    expect((await rest.fetch("POST", PATH, { as: li, body: formOf(own) })).status).toBe(200);
    const others = { photo: file(PIXEL), user_id: String(admin.user_id) };
    expect((await rest.fetch("POST", PATH, { as: li, body: formOf(others) })).status).toBe(403);
  });

  test("is refused where it is too large, or no form at all", async () => {
    const large = formOf({ photo: file(new Uint8Array(5 * 1024 * 1024 + 1)) });
    const answer = await rest.fetch("POST", PATH, { as: li, body: large });
    expect(answer).toMatchObject({ status: 413, json: refusal("PAYLOAD_TOO_LARGE", { max_bytes: 5 * 1024 * 1024 }) });
    const larger = formOf({ photo: file(new Uint8Array(6 * 1024 * 1024)) });
    expect((await rest.fetch("POST", PATH, { as: li, body: larger })).status).toBe(413);
    for (const [type, body] of [
      ["multipart/form-data", "no boundary"],
      ["multipart/form-data; boundary=x", "not a part"],
      [
        "multipart/form-data; boundary=x",
        '--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nabc',
      ],
      ["multipart/form-data; boundary=x", ""],
    ] as const) {
      const malformed = await rest.fetch("POST", PATH, { as: li, body, headers: { "content-type": type } });
      expect(malformed).toMatchObject({ status: 400, json: { error: { code: "BAD_REQUEST" } } });
    }
    expect(
      (await rest.fetch("POST", PATH, { as: li, body: formOf({ photo: file(Buffer.from("text")) }) })).status,
    ).toBe(415);
  });

  test("of nobody's is not read", async () => {
    const answer = await rest.fetch("POST", PATH, { body: formOf({ photo: file(PIXEL) }) });
    expect(answer).toMatchObject({ status: 401, json: refusal("UNAUTHORIZED") });
  });
});
