import type { ChartData } from "./chart-data.ts";
import { LineChart, type Span } from "./line-chart.tsx";

export function LineCharts({ charts, span }: { charts: readonly ChartData[]; span: Span }) {
  return charts.map((chart) => <LineChart key={chart.name} data={chart} span={span} />);
}
