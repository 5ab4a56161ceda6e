import { DownloadOutlined, FileOutlined, FolderFilled, LinkOutlined } from "@ant-design/icons";
import type { FileListing, ListedFile } from "@berth/spec/container-file.ts";
import { Link } from "@tanstack/react-router";
import { Button, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../../components/badge.tsx";
import { TimeAgo } from "../../../../components/time-ago.tsx";
import { formatBytes } from "../../../../lib/sizes.ts";
import { joinPath, shownMode, shownName } from "./paths.ts";

/** Above this only the rows that are seen are drawn. */
const MANY = 200;

interface FileTableProps {
  containerId: number;
  listing: FileListing;
  items: ListedFile[];
  isLoading: boolean;
  onDownload: (path: string) => void;
}

export function FileTable({ containerId, listing, items, isLoading, onDownload }: FileTableProps) {
  const { t } = useTranslation();
  const columns = useColumns(containerId, listing, onDownload);
  const isLong = items.length > MANY;
  return (
    <Table<ListedFile>
      key={listing.path}
      size="small"
      className="files"
      rowKey="name"
      columns={columns}
      dataSource={items}
      loading={isLoading}
      pagination={false}
      virtual={isLong}
      scroll={isLong ? { x: 320, y: 560 } : {}}
      showSorterTooltip={false}
      locale={{ emptyText: listing.items.length === 0 ? t("files.empty") : t("files.no_match") }}
    />
  );
}

const isFolder = ({ kind, leads_to }: ListedFile): boolean => (leads_to ?? kind) === "folder";
const isReadable = (file: ListedFile): boolean =>
  file.reachable && ["file", "folder"].includes(file.leads_to ?? file.kind);

/** Folders stay above, whichever way files are sorted. */
const foldersFirst =
  (compare: (a: ListedFile, b: ListedFile) => number) =>
  (a: ListedFile, b: ListedFile, order?: "ascend" | "descend" | null): number =>
    (Number(isFolder(b)) - Number(isFolder(a))) * (order === "descend" ? -1 : 1) || compare(a, b);

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

function useColumns(
  containerId: number,
  { path, storage }: FileListing,
  onDownload: (path: string) => void,
): TableColumnsType<ListedFile> {
  const { t } = useTranslation();
  return [
    {
      title: t("files.name"),
      dataIndex: "name",
      sorter: foldersFirst((a, b) => COLLATOR.compare(a.name, b.name)),
      defaultSortOrder: "ascend",
      render: (_, file) => (
        <span className="file-name">
          <FileIcon file={file} />
          <FileName file={file} containerId={containerId} path={joinPath(path, file.name)} onDownload={onDownload} />
          {file.storage !== null && storage === null && (
            <Badge tone="busy" title={t("files.storage_hint", { storage: file.storage })}>
              {t("files.in_no_image")}
            </Badge>
          )}
        </span>
      ),
    },
    {
      title: t("files.size"),
      dataIndex: "size",
      align: "end",
      width: 90,
      sorter: foldersFirst((a, b) => a.size - b.size),
      render: (size: number, file) => (file.kind === "file" ? formatBytes(size) : ""),
    },
    {
      title: t("files.changed"),
      dataIndex: "modified_at",
      width: 150,
      responsive: ["sm"],
      sorter: foldersFirst((a, b) => a.modified_at.localeCompare(b.modified_at)),
      render: (at: string) => <TimeAgo at={at} />,
    },
    {
      title: t("files.owner"),
      key: "mode",
      width: 190,
      responsive: ["md"],
      render: (_, { mode, owner }) => (
        <span className="quiet file-mode" title={mode}>
          {shownMode(mode)} {owner}
        </span>
      ),
    },
    {
      key: "actions",
      title: <span className="visually-hidden">{t("common.more")}</span>,
      align: "end",
      width: 48,
      render: (_, file) =>
        isReadable(file) && (
          <Button
            type="text"
            size="small"
            icon={<DownloadOutlined />}
            aria-label={`${t(isFolder(file) ? "files.download_folder" : "files.download")}: ${shownName(file.name)}`}
            title={t(isFolder(file) ? "files.download_folder" : "files.download")}
            onClick={() => onDownload(joinPath(path, file.name))}
          />
        ),
    },
  ];
}

function FileIcon({ file }: { file: ListedFile }) {
  const { t } = useTranslation();
  if (isFolder(file)) return <FolderFilled aria-label={t("files.kind.folder")} />;
  if (file.kind === "link") return <LinkOutlined aria-label={t("files.kind.link")} />;
  return <FileOutlined aria-label={t(`files.kind.${file.kind}`)} />;
}

interface FileNameProps {
  file: ListedFile;
  containerId: number;
  path: string;
  onDownload: (path: string) => void;
}

function FileName({ file, containerId, path, onDownload }: FileNameProps) {
  const { t } = useTranslation();
  const name = shownName(file.name);
  if (!file.reachable) return <span title={t("files.unreachable")}>{name}</span>;
  if (isFolder(file)) {
    return (
      <Link to="/containers/$containerId" params={{ containerId: String(containerId) }} search={{ tab: "files", path }}>
        {name}
      </Link>
    );
  }
  if (!isReadable(file)) return <span className="quiet">{name}</span>;
  return (
    <button type="button" className="name-button" title={t("files.download")} onClick={() => onDownload(path)}>
      {name}
    </button>
  );
}
