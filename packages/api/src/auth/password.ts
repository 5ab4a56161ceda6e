import { createHash } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import pLimit from "p-limit";

/** OWASP's first choice for argon2id, which is this library's default algorithm: some 25 ms. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Node's pool has four threads, which files and signatures need, too: a flood of sign-ins leaves them one. */
const inTurn = pLimit(3);

/**
 * `sent` is what a client sends instead of the password. `confirm` is called when its turn has come, and throws where the
 * hash is not wanted any more.
 */
export const hashPassword = (sent: string, confirm?: () => Promise<void>): Promise<string> =>
  inTurn(async () => {
    await confirm?.();
    return hash(sent, ARGON2ID);
  });

export const isPassword = (stored: string, sent: string): Promise<boolean> => inTurn(() => verify(stored, sent));

/** What the console sends instead of the plain password. */
export const hashAsClient = (plain: string): string => createHash("sha256").update(plain, "utf8").digest("hex");
