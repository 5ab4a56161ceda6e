import { createHash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

/** By a hash of the certificates. A lab often has one client certificate for all of its machines, and each context takes some 50 KiB. */
const contexts = new Map<string, WeakRef<SecureContext>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (contexts.get(key)?.deref() === undefined) contexts.delete(key);
});

/** One for all who connect with these certificates. Throws where they are none. */
export function sharedSecureContext(tls: SecureContextOptions): SecureContext {
  const key = createHash("sha256").update(JSON.stringify(tls)).digest("base64");
  const known = contexts.get(key)?.deref();
  if (known) return known;
  const made = createSecureContext({ ...tls, minVersion: "TLSv1.2" });
  contexts.set(key, new WeakRef(made));
  collected.register(made, key);
  return made;
}
