/** Of a path in a container, which is absolute and has no trailing slash. */
export const joinPath = (folder: string, name: string): string => (folder === "/" ? `/${name}` : `${folder}/${name}`);

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** Each folder on the way, with its own path, from the root on. */
export function stepsOf(path: string): { name: string; path: string }[] {
  const names = path.split("/").filter((name) => name !== "");
  return [
    { name: "/", path: "/" },
    ...names.map((name, at) => ({ name, path: `/${names.slice(0, at + 1).join("/")}` })),
  ];
}

/** A name on one line: control characters, such as a line break, are shown as their pictures. */
export const shownName = (name: string): string =>
  name.replace(/\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });

/** `drwxr-xr-x` without the first letter, of "755". */
export function shownMode(mode: string): string {
  const bits = Number.parseInt(mode, 8);
  return Array.from("rwxrwxrwx", (letter, at) => ((bits >> (8 - at)) & 1 ? letter : "-")).join("");
}
