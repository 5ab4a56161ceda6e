import type { Texts } from "../zh.ts";

export const audit: Texts["audit"] = {
  title: "Audit",
  at: "When",
  who: "Who",
  what: "What",
  object: "Object",
  details: "Details",
  from: "From",
  nothing: "Nothing is recorded yet.",
  older: "Older entries",
  nouns: {
    user: "user",
    machine: "machine",
    join_token: "join token",
    image: "image",
    container: "container",
    storage: "storage",
    invitation: "invitation",
    settings: "settings",
    registry: "registry",
  },
};
