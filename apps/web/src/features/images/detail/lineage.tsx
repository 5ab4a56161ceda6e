import type { ImageDetails } from "@berth/spec/image.ts";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** From the image that all began with down to what was made from this one. */
export function Lineage({ image: { image_id, name, lineage, needed_by } }: { image: ImageDetails }) {
  const { t } = useTranslation();
  if (lineage.length + needed_by.images.length === 0) return null;
  return (
    <section>
      <h2>{t("image.lineage")}</h2>
      <p className="quiet">{t("image.lineage_hint")}</p>
      <ol className="lineage">
        {lineage.toReversed().map((parent) => (
          <li key={parent.image_id}>
            <ToImage {...parent} />
          </li>
        ))}
        <li key={image_id} aria-current="true">
          <strong>{name}</strong> <span className="quiet">{t("image.this_one")}</span>
          {needed_by.images.length > 0 && (
            <ul>
              {needed_by.images.map((child) => (
                <li key={child.image_id}>
                  <ToImage {...child} />
                </li>
              ))}
            </ul>
          )}
        </li>
      </ol>
    </section>
  );
}

const ToImage = ({ image_id, name }: { image_id: number; name: string }) => (
  <Link to="/images/$imageId" params={{ imageId: String(image_id) }}>
    {name}
  </Link>
);
