import { DomainError } from "@berth/spec/error-code.ts";

/** PostgreSQL's text holds no NUL, and no name, path or command has a use for one. Not recursive: depth is the caller's choice. */
export function refuseNul(input: unknown): void {
  const waiting: unknown[] = [input];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") {
      if (value.includes("\0")) throw new DomainError("BAD_REQUEST", "A NUL character is not possible in a text.");
    } else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      for (const [name, field] of Object.entries(value)) waiting.push(name, field);
    }
  }
}
