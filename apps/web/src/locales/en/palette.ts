import type { Texts } from "../zh.ts";

export const palette: Texts["palette"] = {
  open: "Find or do",
  hint: "A page, a container, an image, an action…",
  found: "What was found",
  nothing: "Nothing is called so.",
  count: "{{count}} found",
  cut: "Of each kind, only the newest {{most}} are searched.",
  kinds: { page: "page", action: "action", container: "container", image: "image", machine: "machine" },
  keys: "Keys",
  key_palette: "Find a page, a container, an image, or do something",
  key_search: "To the search",
  key_rows: "From row to row in a list",
  key_escape: "Clear the search, or close what is open",
  key_help: "Show these keys",
};
