import type { FileListing } from "@berth/spec/container-file.ts";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../../../lib/trpc.ts";
import { joinPath, shownName } from "./paths.ts";
import { addUploads } from "./uploads.ts";

/** So many names are told before "and more". */
const NAMED = 5;

/** Begins uploads into a folder, and asks before anything there is replaced. */
export function useFileUploads(containerId: number, path: string): (files: File[]) => Promise<void> {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const query = trpc.container.list_files.queryOptions({ container_id: containerId, path });
  const begin = (files: File[], taken: ReadonlySet<string>): void => {
    const requests = files.map((file) => {
      return { containerId, path: joinPath(path, file.name), file, overwrite: taken.has(file.name) };
    });
    const onArrived = (): void => void queryClient.invalidateQueries({ queryKey: query.queryKey });
    addUploads(requests, { lost: t("files.lost"), onArrived });
  };
  return async (files) => {
    // What the server then refuses is told at the file itself.
    const listing: FileListing | null = await queryClient.fetchQuery({ ...query, staleTime: 0 }).catch(() => null);
    const there = new Set(listing?.items.filter(({ kind }) => kind !== "folder").map(({ name }) => name));
    const taken = files.filter(({ name }) => there.has(name));
    if (taken.length === 0) return begin(files, new Set());
    const others = files.filter(({ name }) => !there.has(name));
    const dialog = modal.confirm({
      title: t("files.replace_title", { count: taken.length }),
      content: (
        <>
          <p>{t("files.replace_text")}</p>
          <ul>
            {taken.slice(0, NAMED).map(({ name }) => (
              <li key={name}>{shownName(name)}</li>
            ))}
            {taken.length > NAMED && <li>{t("files.and_more", { count: taken.length - NAMED })}</li>}
          </ul>
        </>
      ),
      okText: t("files.replace"),
      okButtonProps: { danger: true },
      cancelText: t("common.cancel"),
      onOk: () => begin(files, there),
      footer: (_, { OkBtn, CancelBtn }) => (
        <>
          <CancelBtn />
          {others.length > 0 && (
            <Button
              onClick={() => {
                dialog.destroy();
                begin(others, new Set());
              }}
            >
              {t("files.only_new")}
            </Button>
          )}
          <OkBtn />
        </>
      ),
    });
  };
}
