import type { ConsoleFigures } from "./measure-console.ts";

export function reportConsole({ containers, pages, list, scrolling, changing }: ConsoleFigures): string {
  const { inputs, heap_mb } = changing;
  return [
    `The console, with ${containers} containers in the lab`,
    `  ${"into an empty cache".padEnd(22)}${"code".padStart(10)}${"data".padStart(12)}${"LCP".padStart(11)}${"CLS".padStart(9)}`,
    ...pages.map(
      ({ page, code_kb, data_kb, lcp_ms, cls }) =>
        `  ${page.padEnd(22)}${code_kb.toFixed(0).padStart(7)} KB${data_kb.toFixed(0).padStart(9)} KB${lcp_ms.toFixed(0).padStart(8)} ms${cls.toFixed(3).padStart(9)}`,
    ),
    `  the list: first rows after ${list.first_rows_ms.toFixed(0)} ms, all after ${list.all_rows_ms.toFixed(0)} ms, ${list.requests} requests, ${list.data_mb.toFixed(1)} MB`,
    `  scrolling through it: ${tasksText(scrolling)}`,
    `  while ${changing.changes_per_s.toFixed(0)} containers change a second: ${tasksText(changing)}`,
    `    ${inputs.count} inputs to the next paint: median ${inputs.median_ms.toFixed(0)} ms, longest ${inputs.longest_ms.toFixed(0)} ms`,
    `    asks ${changing.requests_per_s.toFixed(1)} times a second for ${changing.data_kb_per_s.toFixed(0)} KB; heap ${heap_mb[0].toFixed(0)} to ${heap_mb[1].toFixed(0)} MB; the server takes ${changing.server_cpu.toFixed(0)} % of a core`,
  ].join("\n");
}

const tasksText = ({ long_tasks, longest_ms }: { long_tasks: number; longest_ms: number }): string =>
  long_tasks === 0 ? "no task over 50 ms" : `${long_tasks} tasks over 50 ms, the longest ${longest_ms.toFixed(0)} ms`;
