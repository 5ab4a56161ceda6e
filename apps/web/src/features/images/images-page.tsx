import { type Image, ImagePhase } from "@berth/spec/image.ts";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../../components/empty.tsx";
import { ListPage } from "../../components/table/list-page.tsx";
import { UNKEPT } from "../../lib/rows/keep-rows.ts";
import { useRows } from "../../lib/rows/use-rows.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { AddImageMenu } from "./add-image-menu.tsx";
import { useImageColumns } from "./use-image-columns.tsx";

const route = getRouteApi("/inside/images");
const SCOPES = ["all", "public", "mine"] as const;

export function ImagesPage() {
  const { t } = useTranslation();
  const { scope = "all", ...address } = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const { list } = useTRPC().image;
  const kept = useRows<Image>("image", scope, {
    idOf,
    page: (input) => queryClient.fetchQuery({ ...list.queryOptions({ scope, ...input }), ...UNKEPT }),
    isRestless: ({ phase }) => phase !== "Ready" && phase !== "Failed",
  });
  const columns = useImageColumns();
  const filter = useMemo(
    () => ({
      label: t("images.state"),
      options: ImagePhase.options.map((value) => ({ value, label: t(`images.phase.${value}`) })),
      valueOf: ({ phase }: Image) => phase,
    }),
    [t],
  );
  return (
    <ListPage
      name="images"
      title={t("images.title")}
      kept={kept}
      columns={columns}
      idOf={idOf}
      textOf={textOf}
      filter={filter}
      address={address}
      onAddress={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      empty={<Empty title={t("images.empty_title")} text={t("images.empty")} />}
      noMatch={t("images.no_match")}
    >
      <Segmented
        value={scope}
        options={SCOPES.map((value) => ({ value, label: t(`images.scope.${value}`) }))}
        onChange={(value) => void navigate({ search: (before) => ({ ...before, scope: value }) })}
      />
      <AddImageMenu />
    </ListPage>
  );
}

const idOf = ({ image_id }: Image): string => String(image_id);
const textOf = ({ name, display_name }: Image): string => `${name} ${display_name ?? ""}`;
