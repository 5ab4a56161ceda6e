import { createHash } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

/** OWASP's first choice for argon2id, which is this library's default algorithm: some 25 ms. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** `sent` is what a client sends instead of the password. */
export const hashPassword = (sent: string): Promise<string> => hash(sent, ARGON2ID);

export const isPassword = (stored: string, sent: string): Promise<boolean> => verify(stored, sent);

/** What the console sends instead of the plain password. */
export const hashAsClient = (plain: string): string => createHash("sha256").update(plain, "utf8").digest("hex");
