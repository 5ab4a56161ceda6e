import { App } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface Question {
  title: string;
  /** What is lost by it. */
  text: ReactNode;
  /** On the button that does it. */
  verb: string;
  /** Tells by itself where it fails: the question closes all the same. */
  work: () => Promise<unknown>;
}

/** Asks before what can't be undone. */
export function useQuestion(): (question: Question) => void {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  return ({ title, text, verb, work }) =>
    void modal.confirm({
      title,
      content: text,
      okText: verb,
      okButtonProps: { danger: true },
      cancelText: t("common.cancel"),
      onOk: () => work().catch(() => undefined),
    });
}
