import { createHash, X509Certificate } from "node:crypto";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { EngineTls } from "@berth/spec/machine.ts";
import { runCommand } from "@berth/testbed/fleet/run-command.ts";
import { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LONG_TRANSACTION } from "../../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../../testing/until-someone-waits.ts";
import { createFakeEngine, type FakeEngine } from "../../testing/fake-engine.ts";
import { type InProcessApi, openInProcessApi } from "../../testing/in-process-api.ts";
import { openTls } from "../seal-tls.ts";
import { authorityOf } from "./authority.ts";
import { readChecks, recordChecks } from "./checks.ts";
import { createJoinToken } from "./create-token.ts";
import { readReport } from "./read-report.ts";
import { joinMachine } from "./report.ts";
import { readJoinScript } from "./script.ts";
import { signForMachine } from "./sign.ts";
import { hashJoinToken } from "./token.ts";

let api: InProcessApi;
beforeAll(async () => {
  api = await openInProcessApi({ publicUrl: "http://10.0.0.1:3000/" });
});
afterAll(() => api.close());

const makeToken = (ttl_minutes?: number) =>
  api.admin.machine.join_tokens.create(ttl_minutes === undefined ? {} : { ttl_minutes });

let servers = 0;
/** A server that has just been made to listen, and what its script says of it. */
function startServer(): { engine: FakeEngine; address: string; report: string } {
  const number = (servers += 1);
  const address = `10.0.1.${number}`;
  const engine = createFakeEngine({ engine_id: `ID-${number}`, name: `gpu-${number}` });
  api.engines.set(address, engine);
  const lines = [`engine_id=ID-${number}`, `address=${address}`, "port=2376", "disk=1000 400", "memory=64000 32000"];
  return { engine, address, report: [...lines, "cpu=8 Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", GPU].join("\n") };
}
const GPU = "gpu=0, GPU-11111111-2222-3333-4444-555555555555, 10240, NVIDIA GeForce RTX 3060";

const join = (token: string, report: string) => joinMachine(api.services, token, { text: report, address: "10.0.1.1" });

const requestOf = (curve = "prime256v1"): Promise<string> => {
  const key = ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`, "-nodes", "-keyout", "/dev/null"];
  return runCommand("openssl", ["req", "-new", ...key, "-subj", "/CN=docker"]);
};

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );

/** The same where it was called through the router. */
const codeOfCall = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error instanceof TRPCError ? error.code : String(error)),
  );

test("a token is shown once, and the line of it checks the very bytes of its script", async () => {
  const created = await makeToken();
  const { token, command, script_url, script_sha256 } = created;
  expect(script_url).toBe(`http://10.0.0.1:3000/join/${token}.sh`);
  expect(command).toBe(
    `curl -fsSL ${script_url} -o berth-join.sh && echo "${script_sha256}  berth-join.sh" | sha256sum -c - && sudo sh berth-join.sh`,
  );
  const script = await readJoinScript(api.services, token);
  expect(createHash("sha256").update(script).digest("hex")).toBe(script_sha256);
  expect(script).toContain(`BERTH_TOKEN='${token}'`);
  expect(script).not.toContain("@BERTH_");
  const { items } = await api.admin.machine.join_tokens.list({});
  expect(items[0]).toEqual({
    join_token_id: created.join_token_id,
    account: "boss",
    state: "open",
    machine_id: null,
    expires_at: created.expires_at,
    created_at: created.created_at,
    checks: [],
    checked_at: null,
  });
  const rows = await api.db.join_tokens.findMany();
  expect(rows.map(({ token_hash }) => Buffer.from(token_hash))).toContainEqual(Buffer.from(hashJoinToken(token)));
  expect(JSON.stringify(rows)).not.toContain(token);
});

test("a token lives half an hour unless it is said otherwise, from a minute to a day", async () => {
  const minutesOf = async (ttl?: number) => {
    const { created_at, expires_at } = await makeToken(ttl);
    return Math.round((Date.parse(expires_at) - Date.parse(created_at)) / 60_000);
  };
  expect([await minutesOf(), await minutesOf(1), await minutesOf(1_440)]).toEqual([30, 1, 1_440]);
  for (const ttl of [0, 1_441, 1.5]) await expect(makeToken(ttl)).rejects.toThrow();
});

test("a hundred are open and no more, also where two are asked for at once, until one is revoked", async () => {
  const isOpen = { used_at: null, revoked_at: null, expires_at: { gt: new Date() } };
  const row = { public_url: "http://full", created_by: (await api.db.users.findFirstOrThrow()).user_id };
  const data = Array.from({ length: 99 - (await api.db.join_tokens.count({ where: isOpen })) }, (_, number) => {
    return { ...row, token_hash: Buffer.from(`full ${number}`), expires_at: new Date(Date.now() + 3_600_000) };
  });
  await api.db.join_tokens.createMany({ data });
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holding = api.db.$transaction(async (tx) => {
    // Whoever only counts goes on.
    await tx.$executeRaw`LOCK TABLE join_tokens IN SHARE MODE`;
    locked.resolve();
    await held.promise;
  }, LONG_TRANSACTION);
  await locked.promise;
  const asked = [codeOfCall(makeToken()), codeOfCall(makeToken())];
  await untilSomeoneWaits(api.services.sql, 2);
  held.resolve();
  await holding;
  expect((await Promise.all(asked)).toSorted()).toEqual(["CONFLICT", "ok"]);
  const [full] = await api.db.join_tokens.findMany({ where: { public_url: "http://full" }, take: 1 });
  await api.admin.machine.join_tokens.revoke({ join_token_id: full!.join_token_id });
  expect(await codeOfCall(makeToken())).toBe("ok");
  expect(await codeOfCall(makeToken())).toBe("CONFLICT");
  await api.db.join_tokens.deleteMany({ where: { public_url: "http://full" } });
});

test("what is signed is for the address alone, and comes with the authority and the registry", async () => {
  await writeRegistry(api.services.sql, {
    kind: "process",
    state: "running",
    address: "10.0.0.1:5000",
    url: "https://127.0.0.1:5000",
    ca: "the registry's authority",
    message: "",
  });
  const { token } = await makeToken();
  const signed = await signForMachine(api.services, token, { address: "10.0.1.99", request: await requestOf() });
  const read = new X509Certificate(signed.certificate);
  expect(read.subjectAltName).toBe("IP Address:10.0.1.99");
  expect(read.verify(new X509Certificate(signed.ca).publicKey)).toBe(true);
  expect(signed.registry).toEqual({ address: "10.0.0.1:5000", ca: "the registry's authority", is_plain: false });
  expect((await authorityOf(api.services)).certificate).toBe(signed.ca);

  const sign = (address: string, request: string) => codeOf(signForMachine(api.services, token, { address, request }));
  const request = await requestOf();
  for (const address of ["", "0.0.0.0", "10.0.0.1,10.0.0.2", "*.lab", "a b", "a".repeat(254)]) {
    expect(await sign(address, request), address).toBe("BAD_REQUEST");
  }
  expect(await sign("gpu-1.lab", request)).toBe("ok");
  expect(await sign("10.0.1.99", "no request")).toBe("BAD_REQUEST");
  expect(await sign("10.0.1.99", await requestOf("secp384r1"))).toBe("BAD_REQUEST");
});

test("a server joins with what it tells of itself, and its token is used up then", async () => {
  const { engine, address, report } = startServer();
  const { token, join_token_id } = await makeToken();
  const joined = await join(token, report);
  expect(joined).toEqual({ machine_id: engine.info.engine_id, name: engine.info.name });
  const info = (await api.admin.machine.info()).find(({ machine_id }) => machine_id === joined.machine_id);
  expect(info).toEqual({
    machine_id: joined.machine_id,
    ip: address,
    gpu: { 0: { type: "RTX 3060", memory: 10_240 } },
    cpu: { 0: { type: "Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", cores: 8 } },
    disk: { total: 1_000, free: 400 },
    memory: { total: 65_536, free: 32_000 },
    online: true,
  });
  const row = await api.db.machines.findUniqueOrThrow({ where: { machine_id: joined.machine_id } });
  const tls = EngineTls.parse(openTls(api.services.box, row.tls));
  expect(new X509Certificate(tls.cert).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(tls.ca).toBe((await authorityOf(api.services)).certificate);

  const { items } = await api.admin.machine.join_tokens.list({});
  expect(items.find((item) => item.join_token_id === join_token_id)).toMatchObject({
    state: "used",
    machine_id: joined.machine_id,
  });
  expect(await codeOf(readJoinScript(api.services, token))).toBe("GONE");
  expect(await codeOf(signForMachine(api.services, token, { address, request: await requestOf() }))).toBe("GONE");
  expect(await join(token, report)).toEqual(joined);
  expect(await codeOf(join(token, startServer().report))).toBe("GONE");
  const entry = await api.db.audit_log.findFirst({ where: { noun: "machine", object_id: joined.machine_id } });
  expect(entry).toMatchObject({ account: "boss", action: "add", address: "10.0.1.1" });
});

test("a token is used once by many that come at once", async () => {
  const { token } = await makeToken();
  const reports = Array.from({ length: 5 }, () => startServer().report);
  const outcomes = await Promise.all(reports.map((report) => codeOf(join(token, report))));
  expect(outcomes.toSorted()).toEqual(["GONE", "GONE", "GONE", "GONE", "ok"]);
});

test("an engine that is a machine already stays that machine, at its new address", async () => {
  const { engine, report, address } = startServer();
  const joined = await join((await makeToken()).token, report);
  api.engines.set("10.0.2.1", engine);
  expect(await join((await makeToken()).token, report.replace(address, "10.0.2.1"))).toEqual(joined);
  const { ip } = await api.admin.machine.get({ machine_id: joined.machine_id });
  expect(ip).toBe("10.0.2.1");
});

test("nothing joins, and the token stays good, where the engine is not reached or another one answers", async () => {
  const { engine, report } = startServer();
  const { token } = await makeToken();
  api.engines.delete("10.0.1.250");
  expect(await codeOf(join(token, report.replace(/address=.*/, "address=10.0.1.250")))).toBe("UNPROCESSABLE");
  expect(await codeOf(join(token, report.replace(/engine_id=.*/, "engine_id=ANOTHER")))).toBe("CONFLICT");
  expect(await join(token, report)).toMatchObject({ machine_id: engine.info.engine_id });
});

test("an unknown, old or revoked token, and that of somebody who is no admin any more, is refused", async () => {
  const doors = async (token: string) => [
    await codeOf(readJoinScript(api.services, token)),
    await codeOf(signForMachine(api.services, token, { address: "10.0.1.1", request: "" })),
    await codeOf(join(token, startServer().report)),
  ];
  expect(await doors("join_nothing")).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
  const old = await makeToken();
  await api.db.join_tokens.update({ where: { join_token_id: old.join_token_id }, data: { expires_at: new Date() } });
  expect(await doors(old.token)).toEqual(["GONE", "GONE", "GONE"]);
  const revoked = await makeToken();
  await api.admin.machine.join_tokens.revoke(revoked);
  expect(await doors(revoked.token)).toEqual(["GONE", "GONE", "GONE"]);

  const { actor, api: other } = await api.addUser("second", "admin");
  const { token } = await other.machine.join_tokens.create({});
  expect(await codeOf(readJoinScript(api.services, token))).toBe("ok");
  await api.db.users.update({ where: { user_id: actor.user_id }, data: { role: "user" } });
  expect(await doors(token)).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]);
  await api.db.users.update({ where: { user_id: actor.user_id }, data: { role: "admin", disabled_at: new Date() } });
  expect(await doors(token)).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]);
});

test("what a script finds is kept with its token, the newest run in the place of the one before", async () => {
  const { token, join_token_id } = await makeToken();
  const read = async () =>
    (await api.admin.machine.join_tokens.list({})).items.find((item) => item.join_token_id === join_token_id);
  await recordChecks(api.services, token, "root\tok\tThis is root.\t\ngpus\tfailed\tNo GPU.\tinstall it\n");
  expect(await read()).toMatchObject({
    state: "open",
    checks: [
      { check: "root", status: "ok", text: "This is root.", fix: "" },
      { check: "gpus", status: "failed", text: "No GPU.", fix: "install it" },
    ],
    checked_at: expect.any(String),
  });
  await recordChecks(api.services, token, "root\tok\tThis is root.\t\n");
  expect((await read())?.checks).toHaveLength(1);
  expect(await codeOf(recordChecks(api.services, "join_nothing", ""))).toBe("NOT_FOUND");
  await api.admin.machine.join_tokens.revoke({ join_token_id });
  expect(await codeOf(recordChecks(api.services, token, ""))).toBe("GONE");
});

test("checks that can't be read, or are too many or too long, are refused", () => {
  const fails = (text: string) => expect(() => readChecks(text), text.slice(0, 80)).toThrow(DomainError);
  fails("no tabs");
  fails("root\tgreat\tThis is root.\t");
  fails("Root; rm\tok\tThis is root.\t");
  fails("root\tok\t\t");
  fails("root\tok\ta\tb\tc");
  fails(`root\tok\t${"x".repeat(301)}\t`);
  fails("root\tok\tThis is root.\t\n".repeat(41));
  expect(readChecks("\nroot\tok\tThis is root.\n")).toHaveLength(1);
});

test("a report that can't be read, or says too much, is refused", () => {
  const { report } = startServer();
  const fails = (text: string) => expect(() => readReport(text), text.slice(0, 80)).toThrow(DomainError);
  fails("");
  fails("no name");
  fails(report.replace("port=2376", "port=0"));
  fails(report.replace("port=2376", "port=2376; rm"));
  fails(report.replace(/address=.*/, "address=http://10.0.0.1/"));
  fails(report.replace("GPU-1111", "../1111"));
  fails(report.replace("10240", "much"));
  fails([report, ...Array.from({ length: 65 }, () => GPU)].join("\n"));
  fails("x=1\n".repeat(201));
  expect(readReport(`${report}\nof_a_later_script=1`).gpus).toHaveLength(1);
});

test("a second machine that could not reach the registry is told so with the token, and before it is changed", async () => {
  const { address, report } = startServer();
  const { machine_id } = await join((await makeToken()).token, report);
  expect((await makeToken()).warning).toBe(null);
  const registry = { kind: "process", state: "running", url: "http://127.0.0.1:5000", ca: null, message: "" } as const;
  await writeRegistry(api.services.sql, { ...registry, address: "127.0.0.1:5000" });
  const said =
    "Another machine could not reach the registry at 127.0.0.1:5000, an address that leads every host to itself";
  const { token, warning } = await makeToken();
  expect(warning).toMatch(new RegExp(`^${said}.* start Berth again\\.$`));
  const request = await requestOf();
  const sign = (at: string, engine_id?: string) =>
    signForMachine(api.services, token, { address: at, request, ...(engine_id !== undefined && { engine_id }) });
  await expect(sign("10.0.3.1")).rejects.toMatchObject({ code: "CONFLICT", message: warning });
  await expect(sign("10.0.3.1", "ID-of-another")).rejects.toMatchObject({ code: "CONFLICT" });
  // What is a machine already stays one, also at an address that is new.
  for (const known of [sign(address), sign("10.0.3.1", machine_id), sign("127.0.0.1")]) {
    expect((await known).registry?.address).toBe("127.0.0.1:5000");
  }
});

test("both that stands in the way of a server is said with its token", async () => {
  const { actor } = await api.addUser("third", "admin");
  const services = { ...api.services, publicUrl: "http://127.0.0.1:3000" };
  const { warning } = await createJoinToken(
    { ...services, actor, address: null, request_id: "a-request", cookies: null },
    { ttl_minutes: 1 },
  );
  expect(warning).toMatch(/^Only this host itself .* another token\. Another machine could not reach .* again\.$/);
});
