import type { ImageDetails } from "@berth/spec/image.ts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PageHead } from "../../../components/page-head.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { toValues } from "../create-params-values.ts";
import { type BuildDraft, drafts, EMPTY_DRAFT } from "./build-draft.ts";
import { BuildForm } from "./build-form.tsx";
import { Loading } from "../../../components/loading.tsx";

const route = getRouteApi("/inside/images/build");

/** For admins: an image from a Dockerfile, from files or from a repository; `?again=` an image that failed. */
export function BuildPage() {
  const { t } = useTranslation();
  const { again, line } = route.useSearch();
  const navigate = route.useNavigate();
  const [round, setRound] = useState(0);
  const failed = useQuery(
    useTRPC().image.get.queryOptions({ image_id: again ?? 0 }, { enabled: again !== undefined, staleTime: Infinity }),
  );
  const key = again === undefined ? "new" : (`again-${again}` as const);
  const startOver = (): void => {
    drafts.forget(key);
    setRound(round + 1);
    void navigate({ search: {}, replace: true });
  };
  return (
    <div className="build-page">
      <PageHead title={t("builds.build_title")} />
      {again !== undefined && failed.isPending ? (
        <Loading />
      ) : (
        <BuildForm
          key={`${key}/${round}`}
          draftKey={key}
          initial={draftFor(again, failed.data)}
          again={failed.data}
          line={line ?? null}
          onStartOver={startOver}
        />
      )}
    </div>
  );
}

/** What was typed last, what the image was built from in this browser, or what the server still tells of that. */
function draftFor(again: number | undefined, failed: ImageDetails | undefined): BuildDraft {
  if (again === undefined) return drafts.read("new") ?? EMPTY_DRAFT;
  const kept = drafts.read(`again-${again}`) ?? drafts.read(`built-${again}`);
  if (kept) return kept;
  const { recipe } = failed ?? {};
  if (!failed || !recipe) return EMPTY_DRAFT;
  return {
    ...EMPTY_DRAFT,
    source: recipe.git === null ? "text" : "git",
    git: recipe.git ?? "",
    path: recipe.git === null ? "" : (recipe.dockerfile ?? ""),
    name: failed.name,
    display_name: failed.display_name ?? "",
    description: failed.description ?? "",
    build_args: Object.entries(recipe.build_args)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n"),
    params: { ...toValues(failed.create_params) },
  };
}
