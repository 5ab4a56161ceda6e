import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface AptSource {
  url: string;
  suites: string[];
  components: string[];
}

/** Reads sources in deb822 form (`*.sources`): paragraphs of `Field: value`, a leading space goes on with a value. */
export function parseDeb822Sources(text: string): AptSource[] {
  const paragraphs = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph) => {
    const fields = new Map<string, string[]>();
    for (const line of paragraph.replaceAll(/\n[ \t]+/g, " ").split("\n")) {
      const match = /^([A-Za-z-]+):(.*)$/.exec(line);
      if (match?.[1]) fields.set(match[1].toLowerCase(), words(match[2] ?? ""));
    }
    const field = (name: string) => fields.get(name) ?? [];
    if (!field("types").includes("deb") || field("enabled")[0] === "no") return [];
    return field("uris").map((url) => ({ url, suites: field("suites"), components: field("components") }));
  });
}

/** Reads sources of one line each (`*.list`): `deb [options] URL SUITE COMPONENT…`. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const [type, url, suite, ...components] = words(line.replace(/#.*$/, "").replace(/\[[^\]]*\]/, ""));
    return type === "deb" && url && suite ? [{ url, suites: [suite], components }] : [];
  });
}

/** The mirror from which this machine takes the Debian release `suite`; null where its sources name none. */
export function findMirror(suite: string, etcApt = "/etc/apt"): string | null {
  const read = (file: string) => readFileSync(join(etcApt, file), "utf8");
  const parts = existsSync(join(etcApt, "sources.list.d"))
    ? readdirSync(join(etcApt, "sources.list.d")).toSorted()
    : [];
  const sources = [
    ...(existsSync(join(etcApt, "sources.list")) ? parseOneLineSources(read("sources.list")) : []),
    ...parts
      .filter((file) => file.endsWith(".list"))
      .flatMap((file) => parseOneLineSources(read(`sources.list.d/${file}`))),
    ...parts
      .filter((file) => file.endsWith(".sources"))
      .flatMap((file) => parseDeb822Sources(read(`sources.list.d/${file}`))),
  ];
  return sources.find((source) => source.suites.includes(suite) && source.components.includes("main"))?.url ?? null;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
