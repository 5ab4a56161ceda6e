import type { ImageDetails } from "@berth/spec/image.ts";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** As many as the server tells of each. */
const MOST = 200;

/** What would stand in the way of deleting an image. */
export function NeededBy({ needed: { containers, images } }: { needed: ImageDetails["needed_by"] }) {
  const { t } = useTranslation();
  if (containers.length + images.length === 0) return <p className="quiet">{t("image.needed_none")}</p>;
  return (
    <div className="sections">
      {containers.length > 0 && (
        <section>
          <h2>{t("image.needed_containers")}</h2>
          <ul className="rows">
            {containers.map(({ container_id, name }) => (
              <li key={container_id}>
                <Link to="/containers/$containerId" params={{ containerId: String(container_id) }}>
                  {name}
                </Link>
              </li>
            ))}
          </ul>
          {containers.length >= MOST && <p className="quiet">{t("image.needed_some", { count: MOST })}</p>}
        </section>
      )}
      {images.length > 0 && (
        <section>
          <h2>{t("image.needed_images")}</h2>
          <ul className="rows">
            {images.map(({ image_id, name }) => (
              <li key={image_id}>
                <Link to="/images/$imageId" params={{ imageId: String(image_id) }}>
                  {name}
                </Link>
              </li>
            ))}
          </ul>
          {images.length >= MOST && <p className="quiet">{t("image.needed_some", { count: MOST })}</p>}
        </section>
      )}
    </div>
  );
}
