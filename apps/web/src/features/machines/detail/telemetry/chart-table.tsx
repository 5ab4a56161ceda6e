import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../../lib/format.ts";
import type { ChartLine } from "./chart-data.ts";

interface ChartTableProps {
  caption: string;
  times: readonly number[];
  lines: readonly ChartLine[];
  label(gpu: number | null): string;
  format(value: number | null | undefined): string;
}

/** All that a chart shows, in words; newest first. */
export function ChartTable({ caption, times, lines, label, format }: ChartTableProps) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t("machine.chart_table")}</summary>
      {isOpen && (
        <div className="chart-table" tabIndex={0} role="region" aria-label={caption}>
          <table>
            <caption className="visually-hidden">{caption}</caption>
            <thead>
              <tr>
                <th scope="col">{t("machine.chart_time")}</th>
                {lines.map(({ gpu }) => (
                  <th key={label(gpu)} scope="col">
                    {label(gpu)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((at, place) => (
                  <tr key={at}>
                    <th scope="row">{exact(new Date(at * 1_000).toISOString())}</th>
                    {lines.map(({ gpu, values }) => (
                      <td key={label(gpu)}>{format(values[place])}</td>
                    ))}
                  </tr>
                ))
                .toReversed()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
