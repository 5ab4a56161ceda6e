import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";

/** The very bytes that the line will run, to be read first. */
export function JoinScript({ url }: { url: string }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  // GPU servers may reach Berth by another name than this browser does.
  const { pathname } = new URL(url);
  const script = useQuery({
    queryKey: ["join-script", pathname],
    enabled: isOpen,
    staleTime: Number.POSITIVE_INFINITY,
    async queryFn({ signal }) {
      const response = await fetch(pathname, { signal, headers: { accept: "text/plain" } });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return text;
    },
  });
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t("joining.read")}</summary>
      {script.error && <Failure error={script.error} onRetry={() => void script.refetch()} />}
      {isOpen && script.isPending && <Skeleton active title={false} />}
      {script.data !== undefined && (
        <pre className="join-script" tabIndex={0} role="region" aria-label={t("joining.script")}>
          {script.data}
        </pre>
      )}
    </details>
  );
}
