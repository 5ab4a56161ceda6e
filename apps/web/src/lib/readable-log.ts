// oxlint-disable-next-line no-control-regex -- the escapes of terminals are control characters
const ESCAPES = /\u001B(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[@-Z\\-_])/g;
/** Without a terminal's colours and movements. */
export const withoutEscapes = (text: string): string => text.replace(ESCAPES, "");

/** A log as one reads it: without a terminal's colours and movements, and with the last state of each line. */
export const readableLog = (text: string): string => withoutEscapes(text).split("\n").map(lastState).join("\n");

/** What stands before a carriage return is written over by what follows, as progress bars do. */
function lastState(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end -= 1;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}

/** Where `words` stand in `text`, whatever their case: the first `most` of them. */
export function findAll(text: string, words: string, most = 2_000): number[] {
  const found: number[] = [];
  if (words === "") return found;
  const [within, sought] = [text.toLowerCase(), words.toLowerCase()];
  // A few letters are longer in lower case: then places would not be those of `text`.
  if (within.length !== text.length) return found;
  for (
    let at = within.indexOf(sought);
    at !== -1 && found.length < most;
    at = within.indexOf(sought, at + sought.length)
  ) {
    found.push(at);
  }
  return found;
}
