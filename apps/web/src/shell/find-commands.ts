export interface Command {
  key: string;
  kind: "page" | "action" | "container" | "image" | "machine";
  label: string;
  /** Found by these, too. */
  words?: string;
  run: () => void;
}

const MOST = 50;

/** Those that have all words that were typed; what begins with them is first. Without any: pages and actions. */
export function findCommands(commands: readonly Command[], typed: string): Command[] {
  const text = typed.trim().toLowerCase();
  if (text === "") return commands.filter(({ kind }) => kind === "page" || kind === "action");
  const words = text.split(/\s+/);
  const found = commands.filter(({ label, words: more = "" }) => {
    const about = `${label} ${more}`.toLowerCase();
    return words.every((word) => about.includes(word));
  });
  const begins = ({ label }: Command): boolean => label.toLowerCase().startsWith(text);
  return [...found.filter(begins), ...found.filter((command) => !begins(command))].slice(0, MOST);
}
