import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { LANGUAGES, preferences, THEMES } from "../lib/preferences.ts";
import { useTRPC } from "../lib/trpc.ts";
import type { Command } from "./find-commands.ts";
import { navGroups } from "./nav-entries.ts";
import { useSignOut } from "./use-sign-out.ts";

/** Asked for when the palette opens, and not again for a while. */
const KEPT_MS = 30_000;

/** All that the palette offers: pages and actions, and the newest of what there is. */
export function useCommands(onHelp: () => void): Command[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const isAdmin = useQuery(useTRPC().user.me.queryOptions()).data?.role === "admin";
  const objects = useObjects(isAdmin);
  const action = (key: string, label: string, run: () => void): Command => ({ key, kind: "action", label, run });
  return [
    action("new-container", t("containers.create"), () => void navigate({ to: "/containers/new" })),
    ...navGroups(isAdmin)
      .flatMap(({ entries }) => entries)
      .map(({ to, text }): Command => ({
        key: `page-${to}`,
        kind: "page",
        label: t(`nav.${text}`),
        run: () => void navigate({ to }),
      })),
    { key: "page-profile", kind: "page", label: t("nav.profile"), run: () => void navigate({ to: "/profile" }) },
    ...LANGUAGES.map((each) =>
      action(`language-${each}`, `${t("language.label")}: ${t(`language.${each}`)}`, () =>
        preferences.setLanguage(each),
      ),
    ),
    ...THEMES.map((each) =>
      action(`theme-${each}`, `${t("theme.label")}: ${t(`theme.${each}`)}`, () => preferences.setTheme(each)),
    ),
    action("keys", t("palette.keys"), onHelp),
    action("sign-out", t("nav.sign_out"), () => void signOut()),
    ...objects,
  ];
}

function useObjects(isAdmin: boolean): Command[] {
  const trpc = useTRPC();
  const navigate = useNavigate();
  const options = { staleTime: KEPT_MS };
  const scope = isAdmin ? "all" : "mine";
  const containers = useQuery(trpc.container.list.queryOptions({ scope, limit: 500 }, options));
  const images = useQuery(trpc.image.list.queryOptions({ limit: 500 }, options));
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 500 }, { ...options, enabled: isAdmin }));
  return [
    ...(containers.data?.items ?? []).map(({ container_id, name, display_name, image, account }): Command => ({
      key: `container-${container_id}`,
      kind: "container",
      label: display_name ?? name,
      words: `${name} ${image} ${account}`,
      run: () =>
        void navigate({ to: "/containers/$containerId", params: { containerId: String(container_id) }, search: {} }),
    })),
    ...(images.data?.items ?? []).map(({ image_id, name, display_name }): Command => ({
      key: `image-${image_id}`,
      kind: "image",
      label: display_name ?? name,
      words: name,
      run: () => void navigate({ to: "/images", search: { q: name } }),
    })),
    ...(machines.data?.items ?? []).map(({ machine_id, name }): Command => ({
      key: `machine-${machine_id}`,
      kind: "machine",
      label: name,
      words: machine_id,
      run: () => void navigate({ to: "/machines", search: { q: name } }),
    })),
  ];
}
