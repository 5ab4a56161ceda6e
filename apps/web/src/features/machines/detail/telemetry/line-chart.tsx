import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";
import { type Mode, PALETTES } from "../../../../design/palette.ts";
import { useFormat } from "../../../../lib/format.ts";
import { type Language, usePreferences } from "../../../../lib/preferences.ts";
import { formatMib } from "../../../../lib/sizes.ts";
import { type ChartData, lonelyPlaces, spanOf } from "./chart-data.ts";
import { ChartTable } from "./chart-table.tsx";

const HEIGHT = 180;
/** Beside the colour, which says nothing alone. */
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];
const COLOURS = ["accent", "simulated", "busy", "good", "ink", "quiet"] as const;

/** What the chart shows of a time: its seconds since 1970, from and to. */
export type Span = readonly [number, number];

/** Lines over time, with what they are at the place of the pointer or of the arrow keys; and the same as a table. */
export function LineChart({ data, span }: { data: ChartData; span: Span }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const { mode, language } = usePreferences();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const { name, unit, top, times, lines } = data;
  const [from, to] = span;
  const count = lines.length;
  const columns = useMemo((): uPlot.AlignedData => [times, ...lines.map(({ values }) => values)], [times, lines]);
  // Of the chart that is drawn anew for another theme: what it begins with.
  const current = useRef({ columns, span });

  useEffect(() => {
    current.current = { columns, span: [from, to] };
    chart.current?.setData(columns, false);
    chart.current?.setScale("x", { min: from, max: to });
  }, [columns, from, to]);

  useEffect(() => {
    const { current: element } = place;
    if (!element) return undefined;
    const drawn = draw(element, {
      mode,
      language,
      unit,
      top,
      count,
      columns: current.current.columns,
      onPoint: setShown,
    });
    const [min, max] = current.current.span;
    drawn.setScale("x", { min, max });
    chart.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      chart.current = null;
    };
  }, [mode, language, unit, top, count]);

  const step = (key: string): void => {
    const last = times.length - 1;
    const at = shown ?? last;
    const next = { ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last }[key];
    if (next === undefined || !chart.current) return;
    chart.current.setCursor({ left: chart.current.valToPos(times[next] ?? 0, "x"), top: 1 });
    setShown(next);
  };
  const label = (gpu: number | null): string =>
    gpu === null ? t(`machine.charts.${name}`) : t("board.gpu", { index: gpu });
  const format = (value: number | null | undefined): string =>
    typeof value === "number" ? formatValue(value, unit) : t("machine.no_value");
  const moment = shown === null ? null : times[shown];
  const legend = lines.map(({ gpu, values }, index) => ({
    key: label(gpu),
    index,
    value: format(shown === null ? spanOf(values)?.last : values[shown]),
  }));
  const summary = lines.flatMap(({ gpu, values }) => {
    const told = spanOf(values);
    if (!told) return [];
    const { last, least, most } = told;
    return t("machine.chart_summary", {
      name: label(gpu),
      last: format(last),
      least: format(least),
      most: format(most),
    });
  });
  return (
    <figure className="chart">
      <figcaption>
        <h3>{t(`machine.charts.${name}`)}</h3>
        <span className="quiet">
          {typeof moment === "number" ? exact(new Date(moment * 1_000).toISOString()) : t("machine.now")}
        </span>
      </figcaption>
      <div
        ref={place}
        className="chart-place"
        role="slider"
        tabIndex={0}
        aria-label={`${t(`machine.charts.${name}`)}. ${summary.join(". ")}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={shown ?? Math.max(0, times.length - 1)}
        aria-valuetext={[
          typeof moment === "number" ? exact(new Date(moment * 1_000).toISOString()) : t("machine.now"),
          ...legend.map(({ key, value }) => `${key} ${value}`),
        ].join(", ")}
        onKeyDown={(event) => {
          if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
          event.preventDefault();
          step(event.key);
        }}
        onBlur={() => setShown(null)}
      />
      <ul className="chart-legend">
        {legend.map(({ key, index, value }) => (
          <li key={key}>
            <svg width="22" height="8" aria-hidden="true">
              <line
                x1="0"
                y1="4"
                x2="22"
                y2="4"
                stroke={`var(--${COLOURS[index % COLOURS.length]})`}
                strokeWidth="2"
                strokeDasharray={DASHES[index % DASHES.length]?.join(" ")}
              />
            </svg>
            {key} <strong>{value}</strong>
          </li>
        ))}
      </ul>
      <ChartTable caption={t(`machine.charts.${name}`)} times={times} lines={lines} label={label} format={format} />
    </figure>
  );
}

interface Drawing extends Pick<ChartData, "unit" | "top"> {
  mode: Mode;
  language: Language;
  count: number;
  columns: uPlot.AlignedData;
  onPoint(place: number | null): void;
}

function draw(element: HTMLElement, { mode, language, unit, top, count, columns, onPoint }: Drawing): uPlot {
  const palette = PALETTES[mode];
  const axis: uPlot.Axis = {
    stroke: palette.quiet,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, sync: { key: "machine-telemetry" } },
      scales: { x: { auto: false }, y: { range: (_chart, _least, most) => [0, top ?? Math.max(1, most * 1.1)] } },
      axes: [
        { ...axis, space: 70, size: 30, values: (chart, ticks) => momentsOf(ticks, chart, language) },
        {
          ...axis,
          size: 72,
          values: (_chart, ticks) => ticks.map((tick) => (unit === "percent" ? `${tick}%` : `${tick} GiB`)),
        },
      ],
      series: [
        {},
        ...Array.from({ length: count }, (_, index): uPlot.Series => {
          const stroke = palette[COLOURS[index % COLOURS.length] ?? "accent"];
          return {
            stroke,
            width: 1.5,
            dash: DASHES[index % DASHES.length] ?? [],
            points: {
              show: true,
              size: 4,
              fill: stroke,
              filter: (chart, seriesIdx) => lonelyPlaces(Array.from(chart.data[seriesIdx] ?? [])),
            },
          };
        }),
      ],
      hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
    },
    columns,
    element,
  );
}

const formatValue = (value: number, unit: ChartData["unit"]): string =>
  unit === "percent" ? `${Math.round(value)}%` : formatMib(value * 1_024);

const DAY_S = 86_400;

/** A time of day, or where days are shown, which. */
function momentsOf(ticks: readonly number[], { scales }: uPlot, language: Language): string[] {
  const { min = 0, max = 0 } = scales["x"] ?? {};
  const isDays = (max ?? 0) - (min ?? 0) > 2 * DAY_S;
  const format = new Intl.DateTimeFormat(
    language === "zh" ? "zh-CN" : "en-GB",
    isDays ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" },
  );
  return ticks.map((tick) => format.format(tick * 1_000));
}
