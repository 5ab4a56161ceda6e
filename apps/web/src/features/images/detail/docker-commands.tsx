import type { ImageDetails } from "@berth/spec/image.ts";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { CopyText } from "../../../components/copy-text.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

/** How one gets an image with `docker`, and puts up what is newer. */
export function DockerCommands({ image: { name, reference, shared_with } }: { image: ImageDetails }) {
  const { t } = useTranslation();
  const { data: registry } = useQuery(useTRPC().registry.status.queryOptions());
  const address = registry?.address;
  const isOurs = address !== null && address !== undefined && reference.startsWith(`${address}/`);
  const repository = name.slice(0, name.lastIndexOf(":"));
  const next = `${address}/${repository}:${t("image.new_tag")}`;
  return (
    <section>
      <h2>{t("image.docker")}</h2>
      <div className="commands">
        {isOurs && (
          <>
            <p className="quiet">{t("image.docker_hint")}</p>
            <CopyText text={`docker login ${address}`} label={t("image.docker_login")} />
          </>
        )}
        <CopyText text={`docker pull ${reference}`} label={t("image.docker_pull")} />
        {isOurs && shared_with !== null && (
          <>
            <p className="quiet">{t("image.docker_push_hint")}</p>
            <CopyText text={`docker push ${next}`} label={t("image.docker_push")} />
          </>
        )}
      </div>
    </section>
  );
}
