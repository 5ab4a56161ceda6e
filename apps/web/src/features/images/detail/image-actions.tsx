import type { ImageDetails } from "@berth/spec/image.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useQuestion } from "../../../components/use-question.ts";
import { messageOf } from "../../../lib/messages.ts";
import { useTRPC } from "../../../lib/trpc.ts";
import { isMaking } from "../image-badge.tsx";
import { isLocal } from "../is-local.ts";
import { useRemoveImage } from "../use-remove-image.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import { PrewarmDialog } from "./prewarm-dialog.tsx";
import { PublishDialog } from "./publish-dialog.tsx";

const route = getRouteApi("/inside/images/$imageId");

/** What may be done with an image by who may change it; `failingLine` is that of its Dockerfile. */
export function ImageActions({ image, failingLine }: { image: ImageDetails; failingLine: number | null }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = route.useNavigate();
  const [dialog, setDialog] = useState<"edit" | "publish" | "prewarm" | null>(null);
  const me = useQuery(trpc.user.me.queryOptions());
  const options = {
    onError: (error: { message: string }) => void message.error(messageOf(error), 8),
    onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
  };
  const cancel = useMutation(trpc.image.cancel.mutationOptions(options));
  const retry = useMutation(trpc.image.retry.mutationOptions(options));
  const remove = useRemoveImage(() => void navigate({ to: "/images" }));
  const { image_id, name, phase, source, desired } = image;
  const isAdmin = me.data?.role === "admin";
  const isReady = phase === "Ready" && desired === "present";
  const isOnRegistry = isReady && source !== "external" && !isLocal(image);
  const close = () => setDialog(null);
  const confirmCancel = (): void =>
    ask({
      title: t("image.cancel_title", { name }),
      text: t("image.cancel_text"),
      verb: t("image.cancel"),
      no: t("image.keep"),
      work: () => cancel.mutateAsync({ image_id }),
    });
  return (
    <>
      {isMaking(image) && <Button onClick={confirmCancel}>{t("image.cancel")}</Button>}
      {phase === "Failed" && source === "build" && isAdmin && (
        <Button
          type="primary"
          onClick={() =>
            void navigate({
              to: "/images/build",
              search: { again: image_id, ...(failingLine !== null && { line: failingLine }) },
            })
          }
        >
          {t("image.build_again")}
        </Button>
      )}
      {phase === "Failed" && (
        <Button loading={retry.isPending} onClick={() => retry.mutate({ image_id })}>
          {t("image.retry")}
        </Button>
      )}
      <Button disabled={desired === "absent"} onClick={() => setDialog("edit")}>
        {t("image.edit")}
      </Button>
      {isAdmin && isOnRegistry && (
        <>
          <Button onClick={() => setDialog("prewarm")}>{t("image.prewarm")}</Button>
          {!image.public && <Button onClick={() => setDialog("publish")}>{t("image.publish")}</Button>}
        </>
      )}
      <Button danger disabled={desired === "absent"} onClick={() => remove(image)}>
        {t("images.remove")}
      </Button>
      {dialog === "edit" && <EditDialog image={image} onClose={close} />}
      {dialog === "prewarm" && <PrewarmDialog image={image} onClose={close} />}
      {dialog === "publish" && <PublishDialog image={image} onClose={close} />}
    </>
  );
}
