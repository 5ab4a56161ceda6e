import { z } from "zod";

/** What is typed to build an image. Files are not part of it: a browser keeps none. */
export const BuildDraft = z.object({
  source: z.enum(["text", "files", "git"]),
  dockerfile: z.string(),
  path: z.string(),
  git: z.string(),
  name: z.string(),
  display_name: z.string(),
  description: z.string(),
  build_args: z.string(),
  machine_id: z.string().nullable(),
  /** There were files beside it. */
  had_files: z.boolean(),
  /** Null where it is as the base image has it. */
  params: z.record(z.string(), z.unknown()).nullable(),
});
export type BuildDraft = z.infer<typeof BuildDraft>;

export const EMPTY_DRAFT: BuildDraft = {
  source: "text",
  dockerfile: "",
  path: "",
  git: "",
  name: "public/",
  display_name: "",
  description: "",
  build_args: "",
  machine_id: null,
  had_files: false,
  params: null,
};

/** What is typed for a new image, or to build one again; and what an image was built from. */
type DraftKey = "new" | `again-${number}` | `built-${number}`;
const PREFIX = "berth-build-";

/** Kept as long as this tab is open, through reloads and signing in again. */
export const drafts = {
  read(key: DraftKey): BuildDraft | null {
    try {
      return BuildDraft.parse(JSON.parse(sessionStorage.getItem(PREFIX + key) ?? "null"));
    } catch {
      return null; // none, one of another release, or no storage
    }
  },
  write(key: DraftKey, draft: BuildDraft): void {
    const text = JSON.stringify(draft);
    try {
      sessionStorage.setItem(PREFIX + key, text);
    } catch {
      // Full: what is typed now counts more than what was built before.
      forgetBuilt();
      try {
        sessionStorage.setItem(PREFIX + key, text);
      } catch {
        // Then it lasts as long as the page.
      }
    }
  },
  forget(key: DraftKey): void {
    try {
      sessionStorage.removeItem(PREFIX + key);
    } catch {
      // There was none.
    }
  },
};

function forgetBuilt(): void {
  try {
    for (const item of Object.keys(sessionStorage)) {
      if (item.startsWith(`${PREFIX}built-`)) sessionStorage.removeItem(item);
    }
  } catch {
    // There is no storage.
  }
}
