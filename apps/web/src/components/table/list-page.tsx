import { type ReactNode, useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../lib/format.ts";
import { MOST_ROWS } from "../../lib/rows/keep-rows.ts";
import type { KeptRows } from "../../lib/rows/use-rows.ts";
import type { TableSearch } from "../../lib/table-search.ts";
import { Failure } from "../failure.tsx";
import { PageHead } from "../page-head.tsx";
import { SearchField } from "../search-field.tsx";
import { type Column, search, sortRows } from "./arrange.ts";
import { ColumnChoice } from "./column-choice.tsx";
import { DataTable } from "./data-table.tsx";
import { useColumns } from "./use-columns.ts";

interface ListPageProps<Row> {
  /** Under which the choice of columns is remembered. */
  name: string;
  title: string;
  kept: KeptRows<Row>;
  columns: readonly Column<Row>[];
  idOf: (row: Row) => string;
  /** What the search looks into: the same function as long as it says the same of a row. */
  textOf: (row: Row) => string;
  /** One kind of row only, where `only` of the address names it. */
  filter?: { label: string; options: readonly { value: string; label: string }[]; valueOf: (row: Row) => string };
  address: TableSearch;
  onAddress: (change: TableSearch) => void;
  /** Where there is nothing at all. */
  empty: ReactNode;
  /** Where nothing is like what is looked for. */
  noMatch: string;
  /** Beside the search. */
  children?: ReactNode;
}

/** The frame of every list: search, filter, columns, rows that are kept current, and what to say where there are none. */
export function ListPage<Row extends object>(props: ListPageProps<Row>) {
  const { name, title, kept, columns, idOf, textOf, filter, address, onAddress, empty, noMatch, children } = props;
  const { t } = useTranslation();
  const { number } = useFormat();
  const { sort, only } = address;
  const { retry, lookAt } = kept;
  // What one types is seen at once; the rows follow.
  const rows = useDeferredValue(kept.rows);
  const q = useDeferredValue(address.q ?? "");
  const { shown, isNarrow, isHidden, toggle } = useColumns(name, columns);
  const found = useMemo(() => {
    const isWanted = (row: Row): boolean => only === undefined || filter?.valueOf(row) === only;
    return search(rows?.items ?? [], q, textOf, isWanted);
  }, [rows, q, textOf, only, filter]);
  const sorted = useMemo(() => sortRows(found, columns, sort), [found, columns, sort]);
  const isEmpty = rows?.items.length === 0 && rows.isWhole && !rows.error;
  return (
    <>
      <PageHead title={title}>
        <SearchField text={address.q ?? ""} onSearch={(text) => onAddress({ q: text })} />
        {filter && (
          <select
            className="plain-select"
            aria-label={filter.label}
            value={only ?? ""}
            onChange={({ target }) => onAddress({ only: target.value || undefined })}
          >
            <option value="">{t("common.any", { what: filter.label })}</option>
            {filter.options.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        )}
        {!isNarrow && <ColumnChoice columns={columns} isHidden={isHidden} onToggle={toggle} />}
        {children}
      </PageHead>
      {rows?.error && <Failure error={rows.error} onRetry={retry} />}
      {isEmpty ? (
        empty
      ) : (
        <DataTable
          label={title}
          columns={shown}
          rows={sorted}
          idOf={idOf}
          sort={sort}
          onSort={(next) => onAddress({ sort: next })}
          nothing={rows?.isWhole ? noMatch : t("common.loading")}
          isBusy={!rows?.isWhole}
          onLook={lookAt}
        />
      )}
      <p className="list-foot" role="status">
        {rows && !isEmpty && t("common.shown_of", { shown: number(found.length), all: number(rows.items.length) })}
        {rows && !rows.isWhole && !rows.error && <span>{t("common.loading")}</span>}
        {rows && rows.items.length >= MOST_ROWS && <span>{t("common.cut", { most: number(MOST_ROWS) })}</span>}
      </p>
    </>
  );
}
