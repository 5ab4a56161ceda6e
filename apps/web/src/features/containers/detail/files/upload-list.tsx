import { CheckCircleOutlined, CloseOutlined, ReloadOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../../components/said.tsx";
import { useFormat } from "../../../../lib/format.ts";
import { formatBytes } from "../../../../lib/sizes.ts";
import { useStore } from "../../../../lib/store.ts";
import { shownName } from "./paths.ts";
import { dropUpload, retryUpload, type UploadEntry, uploads } from "./uploads.ts";

/** What goes up into this container, and what went wrong. */
export function UploadList({ containerId }: { containerId: number }) {
  const { t } = useTranslation();
  const { number } = useFormat();
  const own = useStore(uploads).filter((entry) => entry.containerId === containerId);
  if (own.length === 0) return null;
  const done = own.filter(({ state }) => state === "done");
  return (
    <section className="uploads" aria-label={t("files.uploads")}>
      <div className="uploads-head">
        <h2>{t("files.uploads")}</h2>
        <span role="status" className="quiet">
          {t("files.uploads_done", { done: number(done.length), total: number(own.length) })}
        </span>
        {done.length > 0 && (
          <Button size="small" type="text" onClick={() => done.forEach(({ id }) => dropUpload(id))}>
            {t("files.clear")}
          </Button>
        )}
      </div>
      <ul>
        {own.map((entry) => (
          <UploadRow key={entry.id} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

function UploadRow({ entry }: { entry: UploadEntry }) {
  const { t } = useTranslation();
  const { id, path, file, state, sent, message, exists } = entry;
  const isUnderWay = state === "waiting" || state === "sending";
  const name = shownName(path);
  return (
    <li data-state={state}>
      <span className="upload-name" title={name}>
        {name}
      </span>
      <span className="quiet">
        {state === "sending" && t("files.sent", { sent: formatBytes(sent), total: formatBytes(file.size) })}
        {state === "waiting" && t("files.waiting")}
        {state === "done" && (
          <>
            <CheckCircleOutlined /> {formatBytes(file.size)}
          </>
        )}
      </span>
      {state === "failed" && (
        <>
          <Button
            size="small"
            icon={<ReloadOutlined />}
            onClick={() => retryUpload(id, entry.overwrite || exists)}
            aria-label={`${t(exists ? "files.replace" : "files.again")}: ${name}`}
          >
            {t(exists ? "files.replace" : "files.again")}
          </Button>
        </>
      )}
      <Button
        size="small"
        type="text"
        icon={<CloseOutlined />}
        aria-label={`${t(isUnderWay ? "common.cancel" : "files.dismiss")}: ${name}`}
        title={t(isUnderWay ? "common.cancel" : "files.dismiss")}
        onClick={() => dropUpload(id)}
      />
      {state === "sending" && (
        <progress max={Math.max(1, file.size)} value={sent} aria-label={t("files.progress", { name })} />
      )}
      {state === "failed" && (
        <p className="trouble" role="alert">
          <Said text={message} />
        </p>
      )}
    </li>
  );
}
