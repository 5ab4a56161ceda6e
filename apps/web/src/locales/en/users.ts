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
  set_password: "Set a new password",
  set_password_title: "A new password for {{account}}",
  set_password_text: "They are signed out everywhere, and all their access tokens end for good.",
  password_set: "{{account}} has a new password.",
  make_admin: "Make an admin",
  make_admin_title: "Make {{account}} an admin?",
  make_admin_text:
    "An admin sees and changes everything: all users, machines, containers and images. {{account}} has to sign in again, and all their access tokens end for good.",
  make_user: "Admin no more",
  make_user_title: "{{account}} is to be an admin no more?",
  make_user_text:
    "They keep what they own. {{account}} has to sign in again, and all their access tokens end for good.",
  enable: "Enable",
  disable: "Disable",
  disable_title: "Disable {{account}}?",
  disable_text:
    "The account is signed out everywhere at once, all its access tokens end for good, and it gets into no container. Its containers and images stay.",
  remove: "Delete",
  remove_title: "Delete {{account}}?",
  remove_text: "Only an account that owns no container and no image can be deleted.",
  first_password: "First password",
  first_password_hint: "Have them change it once they have signed in.",
};
