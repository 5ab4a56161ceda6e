import { X509Certificate } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { makeTokenKeys } from "../certificates/authority.ts";
import { issueRegistryToken } from "./token.ts";

test("a token says for whom, for which registry, what and until when", async () => {
  const keys = await makeTokenKeys();
  const access = [{ type: "repository", name: "alice/x", actions: ["pull"] }];
  const before = Math.floor(Date.now() / 1_000);
  const issued = await issueRegistryToken(keys, { subject: "alice", service: "lab", access, ttlS: 120 });
  expect(issued).toMatchObject({ token: issued.access_token, expires_in: 120 });
  const certificate = new X509Certificate(keys.certificate);
  const verified = await jwtVerify(issued.token, certificate.publicKey, { issuer: "berth", audience: "lab" });
  expect(verified.payload).toMatchObject({ sub: "alice", access });
  expect(verified.payload.exp).toBeGreaterThanOrEqual(before + 120);
  expect(Date.parse(issued.issued_at)).toBe(Number(verified.payload.iat) * 1_000);
  expect(decodeProtectedHeader(issued.token)).toMatchObject({
    alg: "ES256",
    x5c: [certificate.raw.toString("base64")],
  });
});
