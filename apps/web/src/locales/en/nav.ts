import type { Texts } from "../zh.ts";

export const nav: Texts["nav"] = {
  home: "Home",
  containers: "Containers",
  images: "Images",
  machines: "Machines",
  storages: "Storage",
  registry: "Registry",
  users: "Users",
  settings: "Settings",
  usage: "Usage",
  health: "Health",
  audit: "Audit",
  profile: "Profile",
  menu: "Menu",
  work: "Work",
  manage: "Manage",
  main: "Main",
  skip: "Skip to the content",
  account: "Account menu",
  sign_out: "Sign out",
};
