import { DockerError } from "../docker-error.ts";
import type { ImageConfig } from "../wire.ts";

/** The Dockerfile instructions that a commit takes as `changes`, applied to what its body asks for. */
export function applyChanges(config: ImageConfig, changes: string[]): ImageConfig {
  const changed: ImageConfig = { ...config };
  for (const line of changes.flatMap((text) => text.split("\n")).filter((text) => text.trim() !== "")) {
    const [, instruction = "", rest = ""] = /^\s*(\w+)\s+(.*)$/s.exec(line) ?? [];
    switch (instruction.toUpperCase()) {
      case "LABEL":
        changed.Labels = { ...changed.Labels, ...readPairs(rest) };
        break;
      case "ENV":
        changed.Env = [
          ...(changed.Env ?? []),
          ...Object.entries(readPairs(rest)).map(([name, value]) => `${name}=${value}`),
        ];
        break;
      case "CMD":
        changed.Cmd = readCommand(rest);
        break;
      case "ENTRYPOINT":
        changed.Entrypoint = readCommand(rest);
        break;
      case "EXPOSE":
        for (const port of rest.split(/\s+/)) {
          changed.ExposedPorts = { ...changed.ExposedPorts, [port.includes("/") ? port : `${port}/tcp`]: {} };
        }
        break;
      case "VOLUME":
        for (const path of rest.startsWith("[") ? readCommand(rest) : rest.split(/\s+/)) {
          changed.Volumes = { ...changed.Volumes, [path]: {} };
        }
        break;
      case "WORKDIR":
        changed.WorkingDir = rest;
        break;
      case "USER":
        changed.User = rest;
        break;
      default:
        throw new DockerError(400, `${instruction.toLowerCase() || line} is not a valid change command`);
    }
  }
  return changed;
}

/** `a=b "c d"="e f"`, with the quotes and backslashes of a Dockerfile; or `a b`. */
function readPairs(text: string): Record<string, string> {
  const words = [...text.matchAll(/((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/g)].map((match) => match[0]);
  if (words[0] && !words[0].includes("=")) return { [unquote(words[0])]: unquote(words.slice(1).join(" ")) };
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      return [unquote(word.slice(0, at)), unquote(word.slice(at + 1))];
    }),
  );
}

function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_, double?: string, single?: string, escaped?: string) => {
      return double?.replace(/\\(["\\$])/g, "$1") ?? single ?? escaped ?? "";
    },
  );
}

function readCommand(text: string): string[] {
  if (!text.startsWith("[")) return ["/bin/sh", "-c", text];
  const words: unknown = JSON.parse(text);
  return Array.isArray(words) ? words.map(String) : [];
}
