/**
 * `attachment` with a file's name as RFC 6266 has it: whatever is in the name, no browser shows the file as a page, and
 * nothing of it becomes another header or parameter.
 */
export function attachment(name: string): string {
  // A slash never is in a name, and a browser would take a backslash for one.
  const safe = name.replace(/[\p{Cc}\p{Cf}\\/]/gu, "_");
  const plain = safe.replace(/[^\x20-\x7e]/g, "_").replace(/["%;]/g, "_");
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
