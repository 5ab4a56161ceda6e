import { useTranslation } from "react-i18next";
import type { KeptParams } from "./create-params-values.ts";

/** Says what of an image's dictionary no form shows, and stays as it is. */
export function KeptMounts({ params: { mounts } }: { params: KeptParams }) {
  const { t } = useTranslation();
  if (mounts.length === 0) return null;
  const named = mounts.map(({ storage, path }) => `${storage} → ${path}`).join(", ");
  return <p className="quiet kept-mounts">{t("builds.param.mounts_kept", { mounts: named })}</p>;
}
