import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useAllImages } from "../features/images/use-all-images.ts";
import { LANGUAGES, preferences, THEMES } from "../lib/preferences.ts";
import { useTRPC } from "../lib/trpc.ts";
import { nextCursor, useReadOn } from "../lib/use-read-on.ts";
import type { Command } from "./find-commands.ts";
import { navGroups } from "./nav-entries.ts";
import { useSignOut } from "./use-sign-out.ts";

/** Asked for when the palette opens, and not again for a while. */
const KEPT_MS = 30_000;

/** All that the palette offers: pages and actions, and what there is; `isCut` where the oldest of that are left out. */
export function useCommands(onHelp: () => void): { commands: Command[]; isCut: boolean } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const isAdmin = useQuery(useTRPC().user.me.queryOptions()).data?.role === "admin";
  const { objects, isCut } = useObjects(isAdmin);
  const action = (key: string, label: string, run: () => void): Command => ({ key, kind: "action", label, run });
  const commands: Command[] = [
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
  return { commands, isCut };
}

function useObjects(isAdmin: boolean): { objects: Command[]; isCut: boolean } {
  const trpc = useTRPC();
  const navigate = useNavigate();
  const options = { staleTime: KEPT_MS };
  const scope = isAdmin ? "all" : "mine";
  const whole = { getNextPageParam: nextCursor, ...options };
  const containers = useReadOn(
    useInfiniteQuery(trpc.container.list.infiniteQueryOptions({ scope, limit: 500 }, whole)),
  );
  const images = useAllImages(options);
  const machines = useReadOn(
    useInfiniteQuery(trpc.machine.list.infiniteQueryOptions({ limit: 500 }, { ...whole, enabled: isAdmin })),
  );
  const objects: Command[] = [
    ...containers.items.map(({ container_id, name, display_name, image, account }): Command => ({
      key: `container-${container_id}`,
      kind: "container",
      label: display_name ?? name,
      words: `${name} ${image} ${account}`,
      run: () =>
        void navigate({ to: "/containers/$containerId", params: { containerId: String(container_id) }, search: {} }),
    })),
    ...images.items.map(({ image_id, name, display_name }): Command => ({
      key: `image-${image_id}`,
      kind: "image",
      label: display_name ?? name,
      words: name,
      run: () => void navigate({ to: "/images/$imageId", params: { imageId: String(image_id) }, search: {} }),
    })),
    ...machines.items.map(({ machine_id, name }): Command => ({
      key: `machine-${machine_id}`,
      kind: "machine",
      label: name,
      words: machine_id,
      run: () => void navigate({ to: "/machines/$machineId", params: { machineId: machine_id }, search: {} }),
    })),
  ];
  const isCut = containers.isCut || images.isCut || machines.isCut;
  return { objects, isCut };
}
