import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type InProcessApi, openInProcessApi } from "../testing/in-process-api.ts";
import { LONG_TRANSACTION } from "../testing/long-transaction.ts";
import { untilSomeoneWaits } from "../testing/until-someone-waits.ts";
import { authenticate } from "./authenticate.ts";
import { hashAsClient } from "./password.ts";
import { refreshTokenOf } from "./refresh-token.ts";
import { type Browser, openBrowser } from "./testing/browser.ts";

const PASSWORD = hashAsClient("correct horse");
let api: InProcessApi;
let number = 0;
let account: string;
let browser: Browser;
/** That the browser got by signing in. */
let token: string;

beforeAll(async () => {
  api = await openInProcessApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  number += 1;
  account = `user-${number}`;
  await api.nobody.auth.register({ account, password: PASSWORD });
  browser = openBrowser(api);
  token = await signIn(browser);
});

const signIn = async (as: Browser): Promise<string> =>
  (await (await as.call()).auth.login({ account, password: PASSWORD })).access_token;
const refresh = async (as: Browser = browser): Promise<string> =>
  (await (await as.call()).auth.refresh({})).access_token;
const sessions = () => api.db.sessions.findMany({ where: { user: { account } } });
const userId = async () => (await api.db.users.findUniqueOrThrow({ where: { account } })).user_id;
const isGood = (access_token: string): Promise<boolean> =>
  authenticate(api.services, access_token).then(
    () => true,
    () => false,
  );
const UNAUTHORIZED = { code: "UNAUTHORIZED" };

test("a browser that signs in has a session, which its tokens name and end with", async () => {
  const [session] = await sessions();
  expect(session).toMatchObject({ counter: 0, address: "10.0.0.7" });
  const credential = { kind: "session", session_id: session?.session_id };
  expect(await authenticate(api.services, token)).toMatchObject({ account, credential });
  await api.db.sessions.deleteMany({ where: { user: { account } } });
  expect(await isGood(token)).toBe(false);
});

test("a program that signs in has no session, and a token of its own", async () => {
  const before = (await sessions()).length;
  const { access_token } = await api.nobody.auth.login({ account, password: PASSWORD });
  expect(await authenticate(api.services, access_token)).toMatchObject({ credential: { kind: "access_token" } });
  expect(await sessions()).toHaveLength(before);
});

test("neither the cookie nor the page key is an access token", async () => {
  for (const one of [browser.refresh_token, browser.page_key]) expect(await isGood(one ?? "")).toBe(false);
});

test("every sign-in of a browser has a page key of its own, of which only a hash is stored", async () => {
  const [first, other] = [browser.page_key ?? "", openBrowser(api)];
  await signIn(other);
  await signIn(browser);
  const keys = [first, other.page_key ?? "", browser.page_key ?? ""];
  for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/);
  expect(new Set(keys).size).toBe(3);
  await refresh();
  expect(browser.page_key).toBe(keys[2]);
  const stored = (await sessions()).map(({ page_key_hash }) => Buffer.from(page_key_hash).toString("hex"));
  const hashOf = (key: string) => createHash("sha256").update(key).digest("hex");
  expect(stored.toSorted()).toEqual(keys.slice(1).map(hashOf).toSorted());
  await (await browser.call()).auth.logout({});
  const entries = await api.services.sql("SELECT a::text FROM audit_log a WHERE account = $1", [account]);
  expect(entries.length).toBeGreaterThan(3);
  for (const key of keys) expect(JSON.stringify(entries)).not.toContain(key);
});

test("the cookie without the page's key, as other servers of the host see it, does nothing, and ends nothing", async () => {
  const other = openBrowser(api);
  await signIn(other);
  await api.nobody.auth.register({ account: `${account}-thief`, password: PASSWORD });
  const before = await sessions();
  for (const page_key of [null, "", "x", `${browser.page_key}x`, other.page_key]) {
    const thief = openBrowser(api);
    const comes = async () =>
      (await Object.assign(thief, { refresh_token: browser.refresh_token, page_key }).call()).auth;
    await expect((await comes()).refresh({})).rejects.toMatchObject(UNAUTHORIZED);
    await (await comes()).logout({});
    await (await comes()).login({ account: `${account}-thief`, password: PASSWORD });
  }
  expect(await sessions()).toEqual(before);
  expect(await isGood(token)).toBe(true);
  expect(await isGood(await refresh())).toBe(true);
});

test("an old refresh token without the page's key does not end the session that it was of", async () => {
  const thief = Object.assign(openBrowser(api), { refresh_token: browser.refresh_token, page_key: "x" });
  await refresh();
  const owners = await refresh();
  await expect(refresh(thief)).rejects.toMatchObject(UNAUTHORIZED);
  expect(await isGood(owners)).toBe(true);
});

test("the cookie without the page's key is answered as one whose session has ended", async () => {
  const thief = Object.assign(openBrowser(api), { refresh_token: browser.refresh_token, page_key: "x" });
  const answer = () => refresh(thief).catch((error: unknown) => [String(error), thief.refresh_token]);
  const alive = await answer();
  await (await browser.call()).auth.logout({});
  expect(await answer()).toEqual(alive);
});

test("a refresh exchanges the cookie, and puts the session's end off", async () => {
  const first = browser.refresh_token;
  await api.db.sessions.updateMany({
    where: { user: { account } },
    data: { expires_at: new Date(Date.now() + 60_000) },
  });
  expect(await isGood(await refresh())).toBe(true);
  expect(browser.refresh_token).not.toBe(first);
  const [session] = await sessions();
  expect(session?.counter).toBe(1);
  expect(session?.expires_at.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  expect(await isGood(await refresh())).toBe(true);
});

test("two tabs that refresh at the same time stay signed in, with one cookie", async () => {
  const { refresh_token, page_key } = browser;
  const tabs = [1, 2, 3].map(() => Object.assign(openBrowser(api), { refresh_token, page_key }));
  const tokens = await Promise.all(tabs.map((tab) => refresh(tab)));
  for (const one of tokens) expect(await isGood(one)).toBe(true);
  expect(new Set(tabs.map((tab) => tab.refresh_token)).size).toBe(1);
  expect(await sessions()).toMatchObject([{ counter: 1 }]);
});

test("a refresh token that is used again later ends its session, for the thief and for the owner", async () => {
  const stolen = browser.refresh_token;
  const owners = await refresh();
  await api.db.sessions.updateMany({
    where: { user: { account } },
    data: { rotated_at: new Date(Date.now() - 21_000) },
  });
  const thief = Object.assign(openBrowser(api), { refresh_token: stolen, page_key: browser.page_key });
  await expect(refresh(thief)).rejects.toMatchObject(UNAUTHORIZED);
  expect(await isGood(owners)).toBe(false);
  await expect(refresh()).rejects.toMatchObject(UNAUTHORIZED);
  const audit = await api.db.audit_log.findFirst({ where: { action: "end session", account } });
  expect(audit).toMatchObject({ noun: "user", object_id: String(await userId()), address: "10.0.0.7" });
});

test("a token of two exchanges ago is an old one, however soon it comes", async () => {
  const stolen = browser.refresh_token;
  await refresh();
  await refresh();
  browser.refresh_token = stolen;
  await expect(refresh()).rejects.toMatchObject(UNAUTHORIZED);
  expect(await sessions()).toEqual([]);
});

test("a refresh that waits for others counts on from theirs, never back", async () => {
  const { refreshing } = await api.db.$transaction(async (tx) => {
    await tx.sessions.updateMany({ where: { user: { account } }, data: { counter: 2 } });
    const started = refresh().then(
      () => "exchanged",
      () => "refused",
    );
    await untilSomeoneWaits(api.services.sql);
    return { refreshing: started };
  }, LONG_TRANSACTION);
  expect(await refreshing).toBe("refused");
  expect(await sessions()).toEqual([]);
});

test("a refresh needs a cookie of ours, of a session that lasts", async () => {
  const [session] = await sessions();
  const session_id = session?.session_id ?? "";
  const [claims = ""] = /^.*(?=\.)/.exec(browser.refresh_token ?? "") ?? [];
  const other = { deriveKey: () => new Uint8Array(32) };
  const bad = [null, "", "x", `${claims}.${"A".repeat(43)}`, refreshTokenOf(other, { session_id, counter: 0 })];
  for (const refresh_token of bad) {
    const stranger = Object.assign(openBrowser(api), { refresh_token, page_key: browser.page_key });
    await expect(refresh(stranger)).rejects.toMatchObject(UNAUTHORIZED);
  }
  expect(await sessions()).toHaveLength(1);
  await expect(api.nobody.auth.refresh({})).rejects.toMatchObject(UNAUTHORIZED);
  await api.db.sessions.updateMany({ where: { session_id }, data: { expires_at: new Date(Date.now() - 1) } });
  await expect(refresh()).rejects.toMatchObject(UNAUTHORIZED);
  expect(await isGood(token)).toBe(false);
});

test("signing out ends this browser's session and no other", async () => {
  const other = openBrowser(api);
  const others = await signIn(other);
  await (await browser.call()).auth.logout({});
  expect(browser.refresh_token).toBeNull();
  expect(await isGood(token)).toBe(false);
  expect(await isGood(others)).toBe(true);
  await (await browser.call()).auth.logout({});
  await api.nobody.auth.logout({});
  const ended = openBrowser(api);
  await (await ended.call(others)).auth.logout({});
  expect(await sessions()).toEqual([]);
});

test("a browser has one session: signing in again ends the one before", async () => {
  const again = await signIn(browser);
  expect(await isGood(token)).toBe(false);
  expect(await isGood(again)).toBe(true);
  expect(await sessions()).toHaveLength(1);
});

test("signing out everywhere ends every token, with the sessions and the API tokens", async () => {
  const program = (await api.nobody.auth.login({ account, password: PASSWORD })).access_token;
  const signedIn = await browser.call(token);
  const { token: made } = await signedIn.user.api_tokens.create({ name: "ci" });
  for (const one of [token, program, made]) expect(await isGood(one)).toBe(true);
  await signedIn.auth.logout_everywhere({});
  for (const one of [token, program, made]) expect(await isGood(one)).toBe(false);
  expect(browser.refresh_token).toBeNull();
  expect(await sessions()).toEqual([]);
  expect(await isGood(await signIn(browser))).toBe(true);
});

test("of very many browsers of one user, the ones unused longest are signed out", async () => {
  const user_id = await userId();
  const expires_at = new Date(Date.now() + 60_000);
  const rows = Array.from({ length: 60 }, (_, index) => ({
    user_id,
    page_key_hash: new Uint8Array(32),
    token_epoch: 0,
    expires_at,
    rotated_at: new Date(Date.now() - (index + 1) * 60_000),
  }));
  await api.db.sessions.createMany({ data: rows });
  await signIn(openBrowser(api));
  const kept = await sessions();
  expect(kept).toHaveLength(50);
  expect(Math.min(...kept.map((one) => one.rotated_at.getTime()))).toBeGreaterThan(Date.now() - 50 * 60_000);
  expect(await isGood(token)).toBe(true);
});

test("who signed in, and out, is told by the audit log", async () => {
  await (await browser.call()).auth.logout({});
  const entries = await api.db.audit_log.findMany({ where: { account }, orderBy: { audit_id: "asc" } });
  expect(entries.map((entry) => entry.action)).toEqual(["register", "sign in", "sign out"]);
  expect(JSON.stringify(entries.map((entry) => entry.details))).not.toContain(PASSWORD);
});
