import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

const SHOWN_MS = 2_000;

/** A line to copy, over plain http too: there a browser has no clipboard for scripts, and the line is selected and copied. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const place = useRef<HTMLElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    const selection = getSelection();
    if (place.current) selection?.selectAllChildren(place.current);
    // The only way that works without https.
    const isDone = document.execCommand("copy");
    selection?.removeAllRanges();
    if (!isDone) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <span className="copy-text">
      <code ref={place}>{text}</code>
      <Button
        size="small"
        type="text"
        icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
        aria-label={`${t("common.copy")}: ${label}`}
        onClick={copy}
      />
      <span role="status" className="visually-hidden">
        {isCopied && t("common.copied")}
      </span>
    </span>
  );
}
