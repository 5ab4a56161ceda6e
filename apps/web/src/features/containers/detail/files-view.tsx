import "./files/files.css";
import { InboxOutlined, ReloadOutlined, UploadOutlined } from "@ant-design/icons";
import type { Container } from "@berth/spec/container.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { App, Button, Upload } from "antd";
import { type DragEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../../../components/empty.tsx";
import { Failure } from "../../../components/failure.tsx";
import { SearchField } from "../../../components/search-field.tsx";
import { useFormat } from "../../../lib/format.ts";
import { messageOf } from "../../../lib/messages.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { saveWith } from "./files/download.ts";
import { FileTable } from "./files/file-table.tsx";
import { PathBar } from "./files/path-bar.tsx";
import { UploadList } from "./files/upload-list.tsx";
import { useFileUploads } from "./files/use-file-uploads.tsx";
import { Loading } from "../../../components/loading.tsx";

const route = getRouteApi("/inside/containers/$containerId");

/** The files of a container: into its folders, out of them and into them. */
export function FilesView({ container }: { container: Container }) {
  const { t } = useTranslation();
  const { path = "/" } = route.useSearch();
  // What goes up does so while the container restarts, too: its list stays.
  return (
    <>
      <UploadList containerId={container.container_id} />
      {container.status ? (
        <Folder key={container.container_id} container={container} path={path} />
      ) : (
        <Empty title={t("files.stopped_title")} text={t("files.stopped")} />
      )}
    </>
  );
}

function Folder({ container, path }: { container: Container; path: string }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const { message } = App.useApp();
  const { container_id } = container;
  const trpc = useTRPC();
  const navigate = route.useNavigate();
  const [filter, setFilter] = useState({ path, text: "" });
  const [isOver, setOver] = useState(false);
  const text = filter.path === path ? filter.text : "";
  const query = useQuery(
    trpc.container.list_files.queryOptions({ container_id, path }, { retry: 1, placeholderData: keepPreviousData }),
  );
  const download = useMutation(
    trpc.container.download_file.mutationOptions({
      onSuccess: ({ ticket }) => saveWith(ticket),
      onError: (error) => void message.error(messageOf(error), 8),
    }),
  );
  const upload = useFileUploads(container_id, path);
  const listing = query.data;
  const items = useMemo(
    () => (listing?.items ?? []).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())),
    [listing, text],
  );
  const go = (to: string): void => void navigate({ search: { tab: "files", path: to } });
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
    if (entries.some((entry) => entry?.isDirectory)) return void message.warning(t("files.no_folders"), 8);
    const files = [...event.dataTransfer.files];
    if (files.length > 0) void upload(files);
  };
  return (
    <div
      className="folder"
      data-over={isOver || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={drop}
    >
      <div className="folder-head">
        <PathBar container={container} path={path} onGo={go} />
        <div className="folder-actions">
          <SearchField key={path} text={text} onSearch={(typed) => setFilter({ path, text: typed ?? "" })} />
          <Button
            icon={<ReloadOutlined />}
            aria-label={t("files.refresh")}
            title={t("files.refresh")}
            loading={query.isFetching && !query.isPending}
            onClick={() => void query.refetch()}
          />
          <Upload
            multiple
            showUploadList={false}
            beforeUpload={(file, all) => {
              if (file === all[0]) void upload(all);
              return false;
            }}
          >
            <Button type="primary" icon={<UploadOutlined />}>
              {t("files.upload")}
            </Button>
          </Upload>
        </div>
      </div>
      {query.error && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {listing && listing.storage !== null && !query.isPlaceholderData && (
        <p className="folder-note">{t("files.storage", { storage: listing.storage })}</p>
      )}
      {listing && listing.real_path !== path && !query.isPlaceholderData && (
        <p className="quiet">{t("files.really", { path: listing.real_path })}</p>
      )}
      {listing?.truncated && (
        <p className="folder-note">{t("files.truncated", { count: number(listing.items.length) })}</p>
      )}
      {query.isPending && <Loading />}
      {listing && !(query.error && query.isPlaceholderData) && (
        <FileTable
          containerId={container_id}
          listing={listing}
          items={items}
          isLoading={query.isPlaceholderData}
          onDownload={(each) => download.mutate({ container_id, path: each })}
        />
      )}
      {isOver && (
        <div className="drop-here" aria-hidden>
          <InboxOutlined /> {t("files.drop", { path })}
        </div>
      )}
    </div>
  );
}
