import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Environment } from "./env.ts";
import { StartError } from "./start-error.ts";

/** Throws a StartError where the server could not listen with its certificate: else it would only be started in vain. */
export async function checkCertificate({
  BERTH_TLS_CERT: certFile,
  BERTH_TLS_KEY: keyFile,
}: Pick<Environment, "BERTH_TLS_CERT" | "BERTH_TLS_KEY">): Promise<void> {
  if (certFile === undefined || keyFile === undefined) return;
  const cert = await read("BERTH_TLS_CERT", certFile);
  const key = await read("BERTH_TLS_KEY", keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const { message } = cause as Error;
    throw new StartError(
      `the server can't use ${certFile} and ${keyFile} (${message}): give it a certificate and its own key, both in PEM ` +
        "form and without a passphrase",
      { cause },
    );
  }
}

async function read(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new StartError(`the file of ${variable} can't be read: ${(cause as Error).message}`, { cause });
  }
}
