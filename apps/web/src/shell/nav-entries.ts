import type { LinkProps } from "@tanstack/react-router";
import type { Texts } from "../locales/zh.ts";

export interface NavEntry {
  to: NonNullable<LinkProps["to"]>;
  text: keyof Texts["nav"];
}

/** What everybody works with; a page is one line. */
const WORK: readonly NavEntry[] = [
  { to: "/", text: "home" },
  { to: "/containers", text: "containers" },
  { to: "/images", text: "images" },
];

/** What only admins see. */
const MANAGE: readonly NavEntry[] = [
  { to: "/machines", text: "machines" },
  { to: "/storages", text: "storages" },
  { to: "/registry", text: "registry" },
  { to: "/users", text: "users" },
  { to: "/usage", text: "usage" },
  { to: "/health", text: "health" },
  { to: "/settings", text: "settings" },
  { to: "/audit", text: "audit" },
];

/** The groups of the navigation, of the menu on phones, and of the command palette. */
export const navGroups = (isAdmin: boolean): { text: "work" | "manage"; entries: readonly NavEntry[] }[] => [
  { text: "work", entries: WORK },
  ...(isAdmin ? [{ text: "manage" as const, entries: MANAGE }] : []),
];
