import { inject, vi } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** How long what is to come is waited for. */
    patienceMs: number;
  }
}

/** A busy machine may need longer than the second that `vi.waitFor` waits, of which Vitest has no setting. */
const { waitFor } = vi;
vi.waitFor = (callback, options = {}) => {
  const given = typeof options === "number" ? { timeout: options } : options;
  return waitFor(callback, { timeout: inject("patienceMs"), ...given });
};
