import type { ImageDetails } from "@berth/spec/image.ts";
import { useQuery } from "@tanstack/react-query";
import { Descriptions, type DescriptionsProps } from "antd";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../../components/copy-text.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { formatBytes } from "../../../lib/sizes.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { isLocal } from "../is-local.ts";
import { DockerCommands } from "./docker-commands.tsx";
import { Lineage } from "./lineage.tsx";
import { ParamsSummary } from "./params-summary.tsx";
import { Sharing } from "./sharing.tsx";

/** What it is and where it comes from, how one gets it, and who has it. */
export function ImageOverview({ image }: { image: ImageDetails }) {
  const { t } = useTranslation();
  const { description, account, digest, reference, size, source, created_at, shared_with } = image;
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }, { enabled: image.recipe !== null }));
  const maker = image.recipe?.machine_id;
  const rows: DescriptionsProps["items"] = [
    { key: "owner", label: t("image.owner"), children: account ?? t("image.everybody") },
    { key: "source", label: t("images.source"), children: t(`images.sources.${source}`) },
    { key: "created", label: t("images.created"), children: <TimeAgo at={created_at} /> },
    ...(size === null
      ? []
      : [
          {
            key: "size",
            label: t("image.size"),
            children: <span title={t("image.size_hint")}>{formatBytes(size)}</span>,
          },
        ]),
    ...recipeRows(image, t),
    ...(maker
      ? [
          {
            key: "maker",
            label: t("image.made_on"),
            children: machines.data?.items.find(({ machine_id }) => machine_id === maker)?.name ?? maker,
          },
        ]
      : []),
    {
      key: "reference",
      label: t("image.reference"),
      span: "filled" as const,
      children: <CopyText text={reference} label={t("image.reference")} />,
    },
    ...(digest === null
      ? []
      : [
          {
            key: "digest",
            label: t("image.digest"),
            span: "filled" as const,
            children: <CopyText text={digest} label={t("image.digest")} />,
          },
        ]),
  ];
  return (
    <div className="image-overview">
      <section>
        <h2 className="visually-hidden">{t("image.description")}</h2>
        <p className={description === null ? "quiet" : "image-description"}>
          {description ?? t("image.no_description")}
        </p>
      </section>
      <Descriptions size="small" bordered column={{ xs: 1, md: 2 }} items={rows} />
      <div className="sections">
        <Lineage image={image} />
        <ParamsSummary params={image.create_params} />
        {image.phase === "Ready" && (isLocal(image) ? <OnOneMachine /> : <DockerCommands image={image} />)}
        {shared_with !== null && !image.public && (
          <Sharing key={shared_with.join()} image={image} accounts={shared_with} />
        )}
      </div>
    </div>
  );
}

function OnOneMachine() {
  const { t } = useTranslation();
  return (
    <section>
      <h2>{t("image.docker")}</h2>
      <p className="quiet">{t("image.on_one_machine")}</p>
    </section>
  );
}

function recipeRows(
  { recipe, not_saved, baked_env }: ImageDetails,
  t: ReturnType<typeof useTranslation>["t"],
): NonNullable<DescriptionsProps["items"]> {
  const args = Object.entries(recipe?.build_args ?? {});
  return [
    ...(recipe?.from ? [{ key: "from", label: t("image.from"), children: recipe.from }] : []),
    ...(recipe?.git ? [{ key: "git", label: t("image.git"), children: recipe.git }] : []),
    ...(args.length === 0
      ? []
      : [
          {
            key: "args",
            label: t("image.build_args"),
            children: <code>{args.map(([name, value]) => `${name}=${value}`).join(" ")}</code>,
          },
        ]),
    ...(not_saved.length === 0
      ? []
      : [
          {
            key: "not_saved",
            label: t("image.not_saved"),
            children: <span title={t("image.not_saved_hint")}>{not_saved.join(", ")}</span>,
          },
        ]),
    ...(baked_env.length === 0
      ? []
      : [
          {
            key: "baked_env",
            label: t("image.baked_env"),
            children: <span title={t("image.baked_env_hint")}>{baked_env.join(", ")}</span>,
          },
        ]),
  ];
}
