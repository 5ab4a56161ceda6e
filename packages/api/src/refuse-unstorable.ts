import { DomainError } from "@berth/spec/error-code.ts";

/**
 * PostgreSQL's text holds neither a NUL nor half of a surrogate pair, and no name, path or command has a use for one. Not
 * recursive: how deep it goes is the caller's choice.
 */
export function refuseUnstorable(input: unknown): void {
  const waiting: unknown[] = [input];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") {
      if (value.includes("\0")) throw new DomainError("BAD_REQUEST", "A NUL character is not possible in a text.");
      if (!value.isWellFormed()) throw new DomainError("BAD_REQUEST", "A text holds half of a character.");
    } else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      for (const [name, field] of Object.entries(value)) waiting.push(name, field);
    }
  }
}
