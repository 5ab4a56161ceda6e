import type { Texts } from "../zh.ts";

export const settings: Texts["settings"] = {
  title: "Settings",
  registration: "Who may register",
  who: { open: "Anybody", closed: "Nobody", invitation: "By invitation" },
  who_hint: {
    open: "Whoever can open this page may register.",
    closed: "An admin makes accounts on the users page.",
    invitation: "By the link of an invitation that an admin has made.",
  },
  user_push: "Users may docker push",
  user_push_hint: "Otherwise a user's own images come from containers only.",
  invitations: "Invitations",
  invitation_once: "The link of the invitation is shown this once. Copy it now:",
  no_note: "no note",
  note: "Note",
  uses: "For how many",
  uses_left: "for {{count}} more",
  invite: "New invitation",
  revoke_title: "Delete the invitation {{name}}?",
  revoke_text: "Its link lets nobody register any more. It was good for {{count}} more, until {{at}}.",
};
