import { expect, test } from "vitest";
import { attachment } from "./content-disposition.ts";

test.each([
  ["plain.txt", `attachment; filename="plain.txt"; filename*=UTF-8''plain.txt`],
  ["结果 1.csv", `attachment; filename="__ 1.csv"; filename*=UTF-8''%E7%BB%93%E6%9E%9C%201.csv`],
  [
    `a"; filename="evil.exe`,
    `attachment; filename="a__ filename=_evil.exe"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe`,
  ],
  ["a\r\nSet-Cookie: x=1", `attachment; filename="a__Set-Cookie: x=1"; filename*=UTF-8''a__Set-Cookie%3A%20x%3D1`],
  ["..\\up'(*)", `attachment; filename=".._up'(*)"; filename*=UTF-8''.._up%27%28%2A%29`],
  // What would turn the name around on the screen.
  ["photo\u202Egpj.exe", `attachment; filename="photo_gpj.exe"; filename*=UTF-8''photo_gpj.exe`],
])("the name %j is nothing but a name", (name, header) => {
  expect(attachment(name)).toBe(header);
  expect(header).toMatch(/^[\x20-\x7e]+$/);
});
