import "./scrolling-table.css";
import { Table, type TableProps } from "antd";

interface ScrollingTableProps<Row> extends TableProps<Row> {
  /** What it is of, for screen readers. */
  label: string;
  /** Pixels, below which it scrolls. */
  minWidth: number;
}

/** A table of no more rows than a page shows. Where there is no room for its columns it scrolls, by the keys too. */
export function ScrollingTable<Row extends object>({ label, minWidth, ...table }: ScrollingTableProps<Row>) {
  return (
    <div className="scrolling-table" role="region" aria-label={label} tabIndex={0}>
      <Table<Row> size="small" pagination={false} style={{ minInlineSize: minWidth }} {...table} />
    </div>
  );
}
