import type { Setup } from "@berth/spec/settings.ts";

export interface Step {
  key: "password" | "registry" | "machine" | "image" | "people";
  isDone: boolean;
  to: "/profile" | "/images" | "/machines" | "/settings";
  text?: string;
}

export const needsNothing = (setup: Setup): boolean => setup.dismissed || stepsOf(setup).every(({ isDone }) => isDone);

export function stepsOf(setup: Setup): Step[] {
  const { first_password, registry, registry_message, machines_online, images, people, invitations } = setup;
  return [
    ...(first_password ? [{ key: "password" as const, isDone: first_password.changed, to: "/profile" as const }] : []),
    {
      key: "registry",
      isDone: registry,
      to: "/images",
      ...(registry_message !== "" && { text: registry_message }),
    },
    { key: "machine", isDone: machines_online > 0, to: "/machines" },
    { key: "image", isDone: images > 0, to: "/images" },
    { key: "people", isDone: people > 0 || invitations > 0, to: "/settings" },
  ];
}
