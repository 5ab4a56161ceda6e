import { DeleteOutlined } from "@ant-design/icons";
import { CONTEXT_MAX_BYTES, CONTEXT_MAX_ENTRIES } from "@berth/spec/image.ts";
import { Button } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../lib/format.ts";
import { formatBytes, formatMib } from "../../../lib/sizes.ts";
import { packFiles } from "./pack-files.ts";

/** Files to build from, as they are sent. */
export interface ChosenContext {
  name: string;
  content: Blob;
  /** Of a folder. */
  count: number | null;
}

interface ContextChoiceProps {
  label: string;
  context: ChosenContext | null;
  onChoose: (context: ChosenContext | null) => void;
}

const LIMIT = formatMib(CONTEXT_MAX_BYTES / 1_048_576);
const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i;

/** An archive, or a folder that is packed in the browser. What is too large is refused before it is sent. */
export function ContextChoice({ label, context, onChoose }: ContextChoiceProps) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const archive = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  const isTooLarge = (bytes: number): boolean => {
    if (bytes <= CONTEXT_MAX_BYTES) return false;
    setFault(t("builds.faults.context_large", { size: formatBytes(bytes), max: LIMIT }));
    return true;
  };
  const chooseArchive = (file: File | undefined): void => {
    if (!file) return;
    setFault(null);
    if (!ARCHIVE.test(file.name)) return setFault(t("builds.faults.context_kind"));
    if (file.size === 0) return setFault(t("builds.faults.context_empty"));
    if (isTooLarge(file.size)) return;
    onChoose({ name: file.name, content: file, count: null });
  };
  const chooseFolder = (files: File[]): void => {
    setFault(null);
    if (files.length === 0) return setFault(t("builds.faults.context_empty"));
    if (files.length > CONTEXT_MAX_ENTRIES) {
      return setFault(t("builds.faults.context_many", { count: files.length, max: number(CONTEXT_MAX_ENTRIES) }));
    }
    if (isTooLarge(files.reduce((bytes, { size }) => bytes + size, 0))) return;
    const [top = ""] = files[0]?.webkitRelativePath.split("/") ?? [];
    const picked = files.map((file) => ({ path: file.webkitRelativePath.slice(top.length + 1), file }));
    onChoose({ name: top, content: packFiles(picked), count: files.length });
  };
  return (
    <div className="context-choice" role="group" aria-label={label}>
      <span>{label}</span>
      <div className="context-files page-actions">
        <Button onClick={() => archive.current?.click()}>{t("builds.choose_archive")}</Button>
        <Button onClick={() => folder.current?.click()}>{t("builds.choose_folder")}</Button>
        <input
          ref={archive}
          hidden
          type="file"
          accept=".tar,.tar.gz,.tgz,.gz,.zip"
          aria-label={t("builds.choose_archive")}
          onChange={({ target }) => {
            chooseArchive(target.files?.[0]);
            target.value = "";
          }}
        />
        <input
          ref={folder}
          hidden
          type="file"
          multiple
          {...{ webkitdirectory: "" }}
          aria-label={t("builds.choose_folder")}
          onChange={({ target }) => {
            chooseFolder([...(target.files ?? [])]);
            target.value = "";
          }}
        />
      </div>
      <div role="status">
        {context && (
          <p className="chosen-context">
            {context.count === null
              ? t("builds.chosen_archive", { name: context.name, size: formatBytes(context.content.size) })
              : t("builds.chosen_folder", {
                  name: context.name,
                  count: context.count,
                  size: formatBytes(context.content.size),
                })}
            <Button
              type="text"
              size="small"
              icon={<DeleteOutlined />}
              aria-label={t("builds.drop_context")}
              onClick={() => onChoose(null)}
            />
          </p>
        )}
      </div>
      {fault !== null && (
        <p className="field-error" role="alert">
          {fault}
        </p>
      )}
      <p className="quiet">
        {t("builds.context_hint", { size: LIMIT })} {t("builds.folder_hint")}
      </p>
    </div>
  );
}
