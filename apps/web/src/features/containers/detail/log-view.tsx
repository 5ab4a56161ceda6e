import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Switch } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { messageOf } from "../../../lib/messages.ts";
import { downloadLog } from "./download-log.ts";
import { LogSearch } from "./log-search.tsx";
import { findAll, readableLog } from "../../../lib/readable-log.ts";
import { useLog } from "./use-log.ts";

interface LogProps {
  containerId: number;
  name: string;
}

/** What the container prints, and all of it again after one has cleared it. */
export function LogView(props: LogProps) {
  const [round, setRound] = useState(0);
  return <OneLog key={round} {...props} onAgain={() => setRound(round + 1)} />;
}

/** Follows the end unless one has scrolled away from it, or searches. */
function OneLog({ containerId, name, onAgain }: LogProps & { onAgain: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const log = useLog(containerId);
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(true);
  const [words, setWords] = useState("");
  const [current, setCurrent] = useState(0);
  const place = useRef<HTMLPreElement>(null);
  const text = useMemo(() => readableLog(log.text), [log.text]);
  const found = useMemo(() => findAll(text, words), [text, words]);
  const at = Math.min(current, Math.max(0, found.length - 1));

  // After each painting of the text.
  useEffect(() => {
    if (place.current && isFollowing) place.current.scrollTop = place.current.scrollHeight;
  });
  return (
    <>
      <div className="log-tools">
        <LogSearch
          words={words}
          count={found.length}
          at={at}
          onWords={(next) => {
            setWords(next);
            setCurrent(0);
            if (next !== "") setFollowing(false);
          }}
          onGo={(step) => found.length > 0 && setCurrent((at + step + found.length) % found.length)}
        />
        <label>
          <Switch size="small" checked={isFollowing} onChange={setFollowing} /> {t("container.log_follow")}
        </label>
        <label>
          <Switch size="small" checked={isWrapped} onChange={setWrapped} /> {t("container.log_wrap")}
        </label>
        <Button size="small" disabled={text === ""} onClick={log.clear}>
          {t("container.log_clear")}
        </Button>
        <Button
          size="small"
          icon={<DownloadOutlined />}
          onClick={() =>
            void downloadLog(containerId, name).catch((error: Error) => message.error(messageOf(error), 8))
          }
        >
          {t("container.log_download")}
        </Button>
      </div>
      {log.clearedAt !== null && (
        <p className="quiet log-note">
          {t("container.log_cleared")} <TimeAgo at={log.clearedAt} />{" "}
          <Button size="small" type="link" onClick={onAgain}>
            {t("container.log_all")}
          </Button>
        </p>
      )}
      <pre
        ref={place}
        className="log"
        data-wrap={isWrapped ? undefined : "off"}
        tabIndex={0}
        role="log"
        aria-label={`${t("containers.tabs.logs")}: ${name}`}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
          setFollowing(scrollTop + clientHeight >= scrollHeight - 20)
        }
      >
        {text === "" && log.clearedAt === null && !log.failure ? (
          <span className="quiet">{t("container.log_empty")}</span>
        ) : (
          <Marked text={text} found={found} long={words.length} at={at} />
        )}
      </pre>
      <div role="status">
        {log.end === "lost" ? (
          <p className="trouble">{t("containers.reconnecting")}</p>
        ) : log.failure ? (
          <p className="trouble">
            <Said text={log.failure} />
          </p>
        ) : (
          log.end === "over" && <p className="quiet">{t("containers.log_end")}</p>
        )}
      </div>
    </>
  );
}

const showInTheMiddle = (place: HTMLElement | null): void => place?.scrollIntoView({ block: "center" });

interface MarkedProps {
  text: string;
  found: readonly number[];
  /** Characters of each. */
  long: number;
  at: number;
}

function Marked({ text, found, long, at }: MarkedProps) {
  const pieces = found.map((start, index) => (
    <span key={start}>
      {text.slice(index === 0 ? 0 : found[index - 1]! + long, start)}
      <mark {...(index === at && { "data-current": true, ref: showInTheMiddle })}>
        {text.slice(start, start + long)}
      </mark>
    </span>
  ));
  const last = found.at(-1);
  return (
    <>
      {pieces}
      {text.slice(last === undefined ? 0 : last + long)}
    </>
  );
}
