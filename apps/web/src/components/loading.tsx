import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";

/** In the place of what comes. Without antd's title, which is a heading that says nothing. */
export function Loading() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")}>
      <Skeleton active title={false} />
    </div>
  );
}
