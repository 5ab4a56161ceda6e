import { createHash, randomBytes } from "node:crypto";

/** A page keeps it where no other origin can read it, and another port is another origin: cookies know no ports. */
export const newPageKey = (): string => randomBytes(32).toString("base64url");

/** 256 random bits need no slow hash. */
export const hashPageKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(key, "utf8").digest());
