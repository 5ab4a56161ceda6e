import type { Texts } from "../zh.ts";

export const images: Texts["images"] = {
  title: "Images",
  scope: { all: "All", public: "Public", mine: "Mine" },
  empty_title: "No image yet",
  empty: "Save a container as an image, or wait for an admin to add public ones.",
  no_match: "No image is like that.",
  name: "Name",
  state: "State",
  size: "Size",
  source: "Source",
  created: "Created",
  start: "New container",
  remove: "Delete",
  remove_title: "Delete {{name}}?",
  remove_text:
    "It goes from the registry and from every machine. It can't be deleted while a container or an image needs it.",
  sources: { build: "built", commit: "saved", mirror: "mirrored", push: "pushed", external: "external" },
  phase: {
    Waiting: "Waiting",
    Building: "Building",
    Committing: "Saving",
    Mirroring: "Copying",
    Pushing: "Uploading",
    Verifying: "Checking",
    Ready: "Ready",
    Failed: "Failed",
    Blocked: "Needed",
    Deleted: "Deleted",
    Deleting: "Deleting",
  },
};
