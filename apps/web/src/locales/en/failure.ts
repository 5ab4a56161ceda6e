import type { Texts } from "../zh.ts";

export const failure: Texts["failure"] = {
  retry: "Try again",
  unreachable: "The server can't be reached. Trying again…",
  not_loaded: "This part could not be loaded.",
  outdated: "Berth was updated. Reload the page to go on.",
  reload: "Reload",
  dialog: "Could not be opened",
  page: "This page has failed",
  page_hint: "Other pages still work. Try again; if it stays so, tell your admin what is said below.",
  not_found: "There is no such page",
  not_found_hint: "The address may be wrong, or what was there has been deleted.",
  not_sent: "The server can't be reached. Nothing that you typed is lost: try it again.",
  to_home: "To the home page",
};
