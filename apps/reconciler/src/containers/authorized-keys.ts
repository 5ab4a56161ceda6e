const BEGIN = "# BEGIN BERTH: the keys of your profile; what is between these lines is written by Berth";
const END = "# END BERTH";

/**
 * The file with the block of these keys in it: where it was, else at the end. Everything outside of the block is its
 * user's, and stays as it is.
 */
export function withKeys(file: string, keys: readonly string[]): string {
  const block = keys.length === 0 ? "" : [BEGIN, ...keys, END, ""].join("\n");
  const from = file.search(/^# BEGIN BERTH/m);
  if (from < 0) return block === "" ? file : `${file}${file === "" || file.endsWith("\n") ? "" : "\n"}${block}`;
  const end = /^# END BERTH.*\n?/m.exec(file.slice(from));
  // Whoever took the last line away wrote keys of their own behind the first: none of them may be lost.
  if (!end) return `${file.slice(0, from)}${block}${file.slice(from).replace(/^.*\n?/, "")}`;
  return file.slice(0, from) + block + file.slice(from + end.index + end[0].length);
}

/** Where root lives, by /etc/passwd. */
export function homeOfRoot(passwd: string): string {
  for (const line of passwd.split("\n")) {
    const [, , number, , , home = ""] = line.split(":");
    if (number === "0" && /^\/[^\0]+$/.test(home)) return home.replace(/\/+$/, "");
  }
  return "/root";
}
