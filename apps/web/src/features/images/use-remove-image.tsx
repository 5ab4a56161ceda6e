import type { Image, ImageDetails } from "@berth/spec/image.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { z } from "zod";
import { useQuestion } from "../../components/use-question.ts";
import { detailsOf } from "../../lib/failure-details.ts";
import { messageOf } from "../../lib/messages.ts";
import { trpcClient, useTRPC } from "../../lib/trpc.ts";

type Named = Pick<Image, "image_id" | "name">;

/** What a refusal names: of others, too, whose containers the reader may not open. */
const Refusal = z.object({ containers: z.array(z.string()), images: z.array(z.string()) });
type Refusal = z.infer<typeof Refusal>;

/** Asks, deletes, and where something needs the image says what, with the way there. */
export function useRemoveImage(onRemoved?: () => void) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const ask = useQuestion();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.image.remove.mutationOptions({ onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()) }),
  );
  const explain = async ({ image_id, name }: Named, refusal: Refusal): Promise<void> => {
    const details = await trpcClient.image.get.query({ image_id }).catch(() => null);
    const dialog = modal.error({
      title: t("image.remove_refused", { name }),
      width: 560,
      okText: t("common.close"),
      content: <WhatNeedsIt refusal={refusal} needed={details?.needed_by} onLeave={() => dialog.destroy()} />,
    });
  };
  const work = async (image: Named): Promise<void> => {
    try {
      await remove.mutateAsync({ image_id: image.image_id });
      onRemoved?.();
    } catch (error) {
      const refusal = Refusal.safeParse(detailsOf(error)).data;
      if (refusal) void explain(image, refusal);
      else void message.error(messageOf(error as Error), 8);
    }
  };
  return (image: Named): void =>
    ask({
      title: t("images.remove_title", { name: image.name }),
      text: t("images.remove_text"),
      verb: t("images.remove"),
      work: () => work(image),
    });
}

interface WhatNeedsItProps {
  refusal: Refusal;
  needed: ImageDetails["needed_by"] | undefined;
  onLeave: () => void;
}

function WhatNeedsIt({ refusal, needed, onLeave }: WhatNeedsItProps) {
  const { t } = useTranslation();
  const containers = new Map(needed?.containers.map(({ name, container_id }) => [name, String(container_id)]));
  const images = new Map(needed?.images.map(({ name, image_id }) => [name, String(image_id)]));
  const isSomeHidden =
    refusal.containers.some((name) => !containers.has(name)) || refusal.images.some((name) => !images.has(name));
  const toContainer = (name: string) => {
    const containerId = containers.get(name);
    if (containerId === undefined) return name;
    return (
      <Link to="/containers/$containerId" params={{ containerId }} onClick={onLeave}>
        {name}
      </Link>
    );
  };
  const toImage = (name: string) => {
    const imageId = images.get(name);
    if (imageId === undefined) return name;
    return (
      <Link to="/images/$imageId" params={{ imageId }} onClick={onLeave}>
        {name}
      </Link>
    );
  };
  return (
    <div className="dialog-text">
      <p>{t("image.remove_refused_text")}</p>
      {refusal.containers.length > 0 && (
        <NameList title={t("image.needed_containers")} names={refusal.containers} show={toContainer} />
      )}
      {refusal.images.length > 0 && <NameList title={t("image.needed_images")} names={refusal.images} show={toImage} />}
      {isSomeHidden && <p className="quiet">{t("image.remove_refused_hidden")}</p>}
    </div>
  );
}

interface NameListProps {
  title: string;
  names: readonly string[];
  show: (name: string) => React.ReactNode;
}

const NameList = ({ title, names, show }: NameListProps) => (
  <section>
    <strong>{title}</strong>
    <ul className="rows">
      {names.map((name) => (
        <li key={name}>{show(name)}</li>
      ))}
    </ul>
  </section>
);
