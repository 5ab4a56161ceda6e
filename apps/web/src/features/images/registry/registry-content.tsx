import type { RegistryImage } from "@berth/spec/registry.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { Empty } from "../../../components/empty.tsx";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { ScrollingTable } from "../../../components/scrolling-table.tsx";

/** The tags that the registry itself tells, beside what Berth has on record. */
export function RegistryContent() {
  const { t } = useTranslation();
  const images = useInfiniteQuery(
    useTRPC().registry.images.infiniteQueryOptions(
      { limit: 100 },
      { getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined },
    ),
  );
  const items = images.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section>
      <h2 className="form-heading">{t("registry.holds")}</h2>
      <p className="quiet">{t("registry.holds_text")}</p>
      {images.error && <Failure error={images.error} onRetry={() => void images.refetch()} />}
      {images.isSuccess && items.length === 0 && !images.hasNextPage ? (
        <Empty title={t("registry.empty_title")} text={t("registry.empty")} />
      ) : (
        <ScrollingTable<RegistryImage>
          rowKey="name"
          loading={images.isPending}
          dataSource={items}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          label={t("registry.name")}
          minWidth={560}
          columns={[
            {
              title: t("registry.name"),
              dataIndex: "name",
              sorter: (a, b) => a.name.localeCompare(b.name),
              render: (name: string, { image_id }) =>
                image_id === null ? (
                  name
                ) : (
                  <Link to="/images/$imageId" params={{ imageId: String(image_id) }}>
                    {name}
                  </Link>
                ),
            },
            {
              title: t("registry.digest"),
              dataIndex: "digest",
              render: (digest: string) => <code title={digest}>{digest.slice(0, 19)}</code>,
            },
            { title: t("registry.state"), key: "state", render: (_, image) => <StateBadge image={image} /> },
          ]}
        />
      )}
      {images.hasNextPage && (
        <Button className="more" loading={images.isFetchingNextPage} onClick={() => void images.fetchNextPage()}>
          {t("registry.more")}
        </Button>
      )}
    </section>
  );
}

function StateBadge({ image: { foreign, drifted } }: { image: RegistryImage }) {
  const { t } = useTranslation();
  if (drifted) {
    return (
      <Badge tone="bad" title={t("registry.drifted_hint")}>
        {t("registry.drifted")}
      </Badge>
    );
  }
  if (!foreign) return <Badge tone="good">{t("registry.known")}</Badge>;
  return (
    <Badge tone="busy" title={t("registry.foreign_hint")}>
      {t("registry.foreign")}
    </Badge>
  );
}
