import type { Image } from "@berth/spec/image.ts";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "../../components/table/arrange.ts";
import { RowMenu } from "../../components/table/row-menu.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { formatBytes } from "../../lib/sizes.ts";
import { ImageBadge } from "./image-badge.tsx";
import { useRemoveImage } from "./use-remove-image.tsx";

export function useImageColumns(): Column<Image>[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const remove = useRemoveImage();
  return useMemo(
    () => [
      {
        key: "name",
        title: t("images.name"),
        isEssential: true,
        value: ({ name, display_name }) => display_name ?? name,
        render: ({ image_id, name, display_name }) => (
          <Link to="/images/$imageId" params={{ imageId: String(image_id) }} title={name}>
            <strong>{display_name ?? name}</strong> {display_name !== null && <span className="quiet">{name}</span>}
          </Link>
        ),
      },
      {
        key: "state",
        title: t("images.state"),
        width: 132,
        isEssential: true,
        value: ({ phase }) => phase,
        render: (image) => <ImageBadge image={image} />,
      },
      {
        key: "source",
        title: t("images.source"),
        width: 160,
        value: ({ source }) => source,
        render: ({ source }) => t(`images.sources.${source}`),
      },
      {
        key: "size",
        title: t("images.size"),
        width: 110,
        align: "end",
        value: ({ size }) => size ?? 0,
        render: ({ size }) => (size === null ? "" : formatBytes(size)),
      },
      {
        key: "created",
        title: t("images.created"),
        width: 140,
        value: ({ created_at }) => created_at,
        render: ({ created_at }) => <TimeAgo at={created_at} />,
      },
      {
        key: "actions",
        title: t("common.more"),
        width: 52,
        isEssential: true,
        align: "end",
        render: (image) => (
          <RowMenu
            name={image.name}
            items={() => [
              {
                key: "start",
                label: t("images.start"),
                disabled: image.phase !== "Ready",
                onClick: () => void navigate({ to: "/containers/new", search: { image: image.name } }),
              },
              { key: "remove", label: t("images.remove"), danger: true, onClick: () => remove(image) },
            ]}
          />
        ),
      },
    ],
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `remove` does the same at every render
    [t, navigate],
  );
}
