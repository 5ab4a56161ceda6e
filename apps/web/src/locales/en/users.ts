import type { Texts } from "../zh.ts";

export const users: Texts["users"] = {
  title: "Users",
  create: "New user",
  no_match: "Nobody is like that.",
  account: "Account",
  role: "Role",
  roles: { user: "user", admin: "admin" },
  disabled: "disabled",
  since: "Since",
  edit_quota: "Change the quotas",
  quota_of: "Quotas of {{account}}",
  quota_hint: "Empty is no limit. Less than is held now is possible: what there is stays, and nothing is added.",
  holds: "now {{count}}",
  storage_gb: "Space of images (GB)",
  make_admin: "Make an admin",
  make_user: "Admin no more",
  enable: "Enable",
  disable: "Disable",
  disable_title: "Disable {{account}}?",
  disable_text:
    "The account is signed out everywhere at once, and gets into no container. Its containers and images stay.",
  remove: "Delete",
  remove_title: "Delete {{account}}?",
  remove_text: "Only an account that owns no container and no image can be deleted.",
  first_password: "First password",
  first_password_hint: "Have them change it once they have signed in.",
};
