import type { Texts } from "../zh.ts";

export const common: Texts["common"] = {
  loading: "Loading…",
  cancel: "Cancel",
  close: "Close",
  delete: "Delete",
  copy: "Copy",
  copied: "Copied",
  save: "Save",
  saved: "Saved",
  search: "Search",
  more: "More options",
  none: "none",
  simulated: "simulated",
  simulated_hint: "Berth plays this machine by itself: nothing on it really runs.",
  columns: "Columns",
  any: "{{what}}: any",
  shown_of: "{{shown}} of {{all}} shown",
  cut: "Only the newest {{most}} are listed.",
};
