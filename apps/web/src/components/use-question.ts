import { App } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Question {
  title: string;
  /** What is lost by it. */
  text: ReactNode;
  /** On the button that does it. */
  verb: string;
  /** On the one that does not (default "Cancel"). */
  no?: string;
  /** Whether nothing is lost by it that can't be had back. */
  isHarmless?: boolean;
  /** Tells by itself where it fails: the question closes all the same. */
  work: () => Promise<unknown>;
}

/** Asks before what can't be undone, or takes long. */
export function useQuestion(): (question: Question) => void {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  return ({ title, text, verb, no = t("common.cancel"), isHarmless = false, work }) =>
    void modal.confirm({
      title,
      content: text,
      okText: verb,
      okButtonProps: { danger: !isHarmless },
      cancelText: no,
      onOk: () => work().catch(() => undefined),
    });
}
