import type { Texts } from "../zh.ts";

export const machines: Texts["machines"] = {
  title: "Machines",
  no_match: "No machine is like that.",
  join: "Join a machine",
  empty: "Make a line, paste it on a GPU server, and it is shown here.",
  name: "Name",
  state: "State",
  address: "Address",
  local: "this host",
  gpus: "GPUs in use",
  containers: "Containers",
  free_of: "{{free}} free of {{total}}",
  insecure: "not encrypted",
  trouble: "trouble",
  states: { active: "active", cordoned: "cordoned", decommissioned: "decommissioned" },
  cordon: "Cordon: no new containers",
  uncordon: "Take new containers again",
  drain: "Drain",
  drain_title: "Drain {{name}}?",
  drain_text:
    "It takes no new containers. Those that are there are stopped, or saved and moved to another machine, as each owner chose.",
  remove: "Remove",
  remove_title: "Remove {{name}}?",
  remove_text: "Only a machine without containers can be removed. What is not Berth's there is left alone.",
  adopt: "Accept the new engine",
  adopt_title: "Accept the new engine of {{name}}?",
  adopt_text: "The containers that were there are gone: each is made anew, or fails, as its owner chose.",
  join_text:
    "Paste this line on the GPU server. It checks Docker, NVIDIA, the disk, the clock and the firewall, says how to mend what is wrong, and only then changes anything.",
};
