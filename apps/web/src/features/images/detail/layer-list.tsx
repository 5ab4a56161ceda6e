import type { ImageDetails } from "@berth/spec/image.ts";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { formatBytes } from "../../../lib/sizes.ts";

type Layer = ImageDetails["layers"][number] & { number: number };

/** Lowest first, as they lie. */
export function LayerList({ layers }: Pick<ImageDetails, "layers">) {
  const { t } = useTranslation();
  if (layers.length === 0) return <p className="quiet">{t("image.layers_none")}</p>;
  return (
    <ScrollingTable<Layer>
      rowKey="number"
      label={t("image.layer")}
      minWidth={480}
      dataSource={layers.map((layer, index) => ({ ...layer, number: index + 1 }))}
      columns={[
        { title: "#", dataIndex: "number", align: "end", width: 56 },
        {
          title: t("image.layer"),
          dataIndex: "digest",
          render: (digest: string) => <code title={digest}>{digest.slice(0, 19)}</code>,
        },
        {
          title: t("image.size"),
          dataIndex: "size",
          align: "end",
          sorter: (a, b) => a.size - b.size,
          render: (size: number) => formatBytes(size),
        },
        {
          key: "shared",
          render: (_, { shared }) => <Badge tone="quiet">{t(shared ? "image.layer_shared" : "image.layer_own")}</Badge>,
        },
      ]}
    />
  );
}
