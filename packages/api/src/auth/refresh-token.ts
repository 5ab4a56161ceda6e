import { createHmac, timingSafeEqual } from "node:crypto";
import type { SecretBox } from "@berth/db/secret-box.ts";

/** Which session a refresh token is of, and how often that had been refreshed when the token was made. */
export interface RefreshClaims {
  session_id: string;
  counter: number;
}

type Keys = Pick<SecretBox, "deriveKey">;

/** `session_id.counter.mac`: the database keeps the first two, and nothing that a token could be made from. */
export function refreshTokenOf(box: Keys, { session_id, counter }: RefreshClaims): string {
  const claims = `${session_id}.${counter}`;
  return `${claims}.${macOf(box, claims).toString("base64url")}`;
}

/** Null for what we did not make. */
export function readRefreshToken(box: Keys, token: string): RefreshClaims | null {
  const [, session_id, counter, mac] = /^([0-9a-f-]{36})\.([0-9]{1,9})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  if (session_id === undefined || counter === undefined || mac === undefined) return null;
  if (!timingSafeEqual(macOf(box, `${session_id}.${counter}`), Buffer.from(mac, "base64url"))) return null;
  return { session_id, counter: Number(counter) };
}

const macOf = (box: Keys, claims: string): Buffer =>
  createHmac("sha256", box.deriveKey("refresh-token")).update(claims).digest();
