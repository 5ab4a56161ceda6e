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
  no_match: "Nothing is recorded that is like that.",
  object_id: "Id of the object",
  only_object: "Everything about this object",
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
