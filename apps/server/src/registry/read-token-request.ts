import type { IncomingHttpHeaders } from "node:http";
import type { RegistryCredentials } from "@berth/api/registry/sign-in.ts";
import { DomainError } from "@berth/spec/error-code.ts";

export interface TokenQuery {
  credentials: RegistryCredentials | null;
  service: string | null;
  scopes: string[];
}

const MAX_SECRET_LENGTH = 1_024;
const MAX_ACCOUNT_LENGTH = 64;

/** `GET ?service=…&scope=…&scope=…` with Basic credentials: `docker login` and `docker pull`. */
export function readGet(url: string, { authorization }: IncomingHttpHeaders): TokenQuery {
  return readQuery(new URL(url, "http://berth").searchParams, readBasic(authorization));
}

/** OAuth 2's form, as containerd sends it; with Basic credentials as well as with those in the form. */
export function readPost(form: URLSearchParams, { authorization }: IncomingHttpHeaders): TokenQuery {
  const grant = form.get("grant_type");
  switch (grant) {
    case "password":
      return readQuery(form, checked(form.get("username"), form.get("password")));
    case "refresh_token":
      // An identity token, as Docker calls it: an API token says by itself whose it is.
      return readQuery(form, checked(null, form.get("refresh_token")));
    case null:
      return readQuery(form, readBasic(authorization));
    default:
      throw new DomainError("BAD_REQUEST", "grant_type is password or refresh_token.");
  }
}

const readQuery = (fields: URLSearchParams, credentials: RegistryCredentials | null): TokenQuery => ({
  credentials,
  service: fields.get("service"),
  scopes: fields.getAll("scope"),
});

/** Null for a header of another kind, which is none. */
function readBasic(authorization: string | undefined): RegistryCredentials | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization?.trim() ?? "") ?? [];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? null : checked(pair.slice(0, colon), pair.slice(colon + 1));
}

/** Of a length that somebody's may have, and without what a database does not take: anything else is nobody's. */
function checked(account: string | null, secret: string | null): RegistryCredentials | null {
  if (secret === null || secret === "" || account === "") return null;
  if ((account?.length ?? 0) > MAX_ACCOUNT_LENGTH || secret.length > MAX_SECRET_LENGTH || account?.includes("\0")) {
    throw new DomainError("UNAUTHORIZED", "The account, or its password or API token, is wrong.");
  }
  return { account, secret };
}
