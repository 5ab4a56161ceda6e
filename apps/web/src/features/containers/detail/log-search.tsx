import { DownOutlined, UpOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";

interface LogSearchProps {
  words: string;
  count: number;
  at: number;
  onWords: (words: string) => void;
  onGo: (step: 1 | -1) => void;
}

/** Finds words in the log that is shown: Enter goes to the next place, with Shift to the one before. */
export function LogSearch({ words, count, at, onWords, onGo }: LogSearchProps) {
  const { t } = useTranslation();
  return (
    <span className="log-search" role="search">
      <Input
        size="small"
        allowClear
        value={words}
        placeholder={t("container.log_search")}
        aria-label={t("container.log_search")}
        onChange={({ target }) => onWords(target.value)}
        onPressEnter={({ shiftKey }) => onGo(shiftKey ? -1 : 1)}
      />
      <span role="status" className="quiet">
        {words !== "" && (count === 0 ? t("container.log_none") : `${at + 1} / ${count}`)}
      </span>
      {count > 1 && (
        <>
          <Button size="small" icon={<UpOutlined />} aria-label={t("container.log_before")} onClick={() => onGo(-1)} />
          <Button size="small" icon={<DownOutlined />} aria-label={t("container.log_next")} onClick={() => onGo(1)} />
        </>
      )}
    </span>
  );
}
