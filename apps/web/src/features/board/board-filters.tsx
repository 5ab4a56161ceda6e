import type { Machine } from "@berth/spec/machine.ts";
import { getRouteApi } from "@tanstack/react-router";
import { Checkbox, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { SearchField } from "../../components/search-field.tsx";
import { offersOf } from "../containers/free-gpus.ts";
import { shortType } from "./short-type.ts";

const route = getRouteApi("/inside/");

/** What is free by type, and which machines are shown how: all of it is in the page's address. */
export function BoardFilters({ machines }: { machines: readonly Machine[] }) {
  const { t } = useTranslation();
  const { q, type, free, view } = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<ReturnType<typeof route.useSearch>>): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  return (
    <div className="board-filters">
      <ul className="gpu-types" aria-label={t("board.by_type")}>
        {offersOf(machines).map((offer) => (
          <li key={offer.type}>
            <button
              type="button"
              className="gpu-type"
              aria-pressed={type === offer.type}
              onClick={() => change({ type: type === offer.type ? undefined : offer.type })}
            >
              {shortType(offer.type)}{" "}
              <strong data-free={offer.free > 0 || undefined}>
                {t("board.free_of", { free: offer.free, count: offer.total })}
              </strong>
            </button>
          </li>
        ))}
      </ul>
      <div className="page-actions">
        <Checkbox checked={free ?? false} onChange={({ target }) => change({ free: target.checked || undefined })}>
          {t("board.only_free")}
        </Checkbox>
        <SearchField text={q ?? ""} onSearch={(text) => change({ q: text })} />
        <Segmented
          aria-label={t("board.view")}
          value={view ?? "cards"}
          options={(["cards", "compact"] as const).map((value) => ({ value, label: t(`board.views.${value}`) }))}
          onChange={(value) => change({ view: value === "compact" ? value : undefined })}
        />
      </div>
    </div>
  );
}
