import type { Texts } from "../zh.ts";

export const setup: Texts["setup"] = {
  title: "Set Berth up",
  done_of: "{{done}} of {{count}} done",
  dismiss: "Don't show it again",
  done: "done",
  steps: {
    password: "Change the password that was made up for the first admin",
    registry: "Have a registry that answers",
    machine: "Join the first machine",
    image: "Make the first public image",
    people: "Invite people",
  },
  hints: {
    password: "It was printed at the installation, and may still stand in a terminal or a log.",
    registry: "Without one no image can be built or saved.",
    machine: "Make a line and paste it on a GPU server. This is ticked off once the machine is online.",
    image: "People make containers of public images: build one, or mirror one from another registry.",
    people: "Open the registration, or send links of invitations.",
  },
};
