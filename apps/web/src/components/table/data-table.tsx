import "./data-table.css";
import { type KeyboardEvent, memo, type ReactElement, type ReactNode, useEffect } from "react";
import type { Column } from "./arrange.ts";
import { ROW_PX, useWindow } from "./use-window.ts";

interface DataTableProps<Row> {
  /** What screen readers call it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  /** In the place of rows where there is none. */
  nothing: ReactNode;
  isBusy?: boolean;
  /** Told which rows are on the screen. */
  onLook?: (isLookedAt: (id: string) => boolean) => void;
}

/** Draws only the rows that are on the screen, however many there are, as a table that screen readers know how to read. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, idOf, sort, onSort, nothing, isBusy = false, onLook } = props;
  const { frame, from, to } = useWindow(rows.length);
  const shown = rows.slice(from, to);
  useEffect(() => {
    if (!onLook) return;
    const ids = new Set(shown.map((row) => idOf(row)));
    onLook((id) => ids.has(id));
  });
  return (
    <section className="data-table" aria-label={label} ref={frame} tabIndex={0} aria-busy={isBusy}>
      <table aria-label={label} aria-rowcount={rows.length + 1} onKeyDown={moveByArrows}>
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={typeof width === "number" ? { inlineSize: width } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <Spacer rows={from} columns={columns.length} />}
          {shown.map((row, index) => (
            <BodyRow key={idOf(row)} row={row} columns={columns} index={from + index + 2} />
          ))}
          {to < rows.length && <Spacer rows={rows.length - to} columns={columns.length} />}
        </tbody>
      </table>
      {rows.length === 0 && <div className="data-table-nothing">{nothing}</div>}
    </section>
  );
}

interface HeadCellProps<Row> extends Pick<DataTableProps<Row>, "sort" | "onSort"> {
  column: Column<Row>;
}

function HeadCell<Row>({ column: { key, title, value, align }, sort, onSort }: HeadCellProps<Row>) {
  const order = sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined;
  const next = order === undefined ? key : order === "ascending" ? `-${key}` : undefined;
  return (
    <th scope="col" aria-sort={order} data-align={align}>
      {value ? (
        <button type="button" onClick={() => onSort(next)}>
          {title}
          <span className="sort-mark" data-order={order} aria-hidden />
        </button>
      ) : (
        <span className={key === "actions" ? "visually-hidden" : undefined}>{title}</span>
      )}
    </th>
  );
}

/** Drawn again only where its row is another. */
const BodyRow = memo(function BodyRow<Row>({
  row,
  columns,
  index,
}: {
  row: Row;
  columns: readonly Column<Row>[];
  index: number;
}) {
  return (
    <tr aria-rowindex={index}>
      {columns.map(({ key, render, align }) => (
        <td key={key} data-align={align}>
          {render(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: { row: Row; columns: readonly Column<Row>[]; index: number }) => ReactElement;

const Spacer = ({ rows, columns }: { rows: number; columns: number }) => (
  <tr aria-hidden className="spacer" style={{ blockSize: rows * ROW_PX }}>
    <td colSpan={columns} />
  </tr>
);

/** Up and down from what is focused in one row to what is focused first in the next. */
function moveByArrows(event: KeyboardEvent<HTMLTableElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const row = (event.target as HTMLElement).closest("tbody tr");
  const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const target = next?.querySelector<HTMLElement>("a, button");
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}
