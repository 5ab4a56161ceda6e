import { createHash, randomBytes } from "node:crypto";

/** A fresh id of a container, an exec or an endpoint. */
export function newHexId(): string {
  return randomBytes(32).toString("hex");
}

/** The same id for the same content: layers, image configurations, manifests. */
export function digestOf(...content: string[] | [Buffer]): string {
  const [first] = content;
  const bytes = Buffer.isBuffer(first) ? first : content.join("\0");
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The twelve digits that Docker shows to people. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
