import { createHash, randomBytes } from "node:crypto";

/** A fresh id of a container, an exec or an endpoint. */
export function newHexId(): string {
  return randomBytes(32).toString("hex");
}

/** The same id for the same content: layers, image configurations, manifests. */
export function digestOf(...content: string[]): string {
  return `sha256:${createHash("sha256").update(content.join("\0")).digest("hex")}`;
}

/** The twelve digits that Docker shows to people. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
