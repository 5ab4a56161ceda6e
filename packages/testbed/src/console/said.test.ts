import { compile, translate } from "@berth/web/lib/translate.ts";
import { PARTS, said } from "@berth/web/locales/said.zh.ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { joinScriptTexts, type SaidText, saidTexts } from "./said-texts.ts";

/** What is said here is not read in the console. */
const NOT_IN_CONSOLE: readonly RegExp[] = [
  /^apps\/server\/src\/ssh\//, // by a terminal of one's own
  /^apps\/server\/src\/proxy\//, // on the pages of a container's port
  /^apps\/server\/src\/registry\/|\/registry\/(issue-user-token|sign-in)\.ts$/, // by docker login
  /^apps\/server\/src\/rest\/(openapi|idempotency)\.ts$/, // by programs
  /^apps\/server\/src\/(console|client-error|env|metrics|tls|access\/matrix)\.ts$/, // to whoever installs or watches it
  /^packages\/db\/src\/(migrate|embedded)\//, // to whoever installs it
  /^packages\/api\/src\/machines\/join\/(checks|find-token|read-report|report|sign)\.ts$/, // to the join script
  /^packages\/docker\/src\/certificates\//, // to the join script
  /^packages\/docker\/src\/(wire|registry)\/names\.ts$/, // of names that were checked before
  /\/system-images?(\/|\.ts$)/, // what a Dockerfile holds, and what npm start prints
];
/** Properties that describe procedures to programs. */
const FOR_PROGRAMS = new Set(["summary", "help"]);

const texts = saidTexts().filter(
  ({ file, key }) => !FOR_PROGRAMS.has(key) && !NOT_IN_CONSOLE.some((place) => place.test(file)),
);

const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?]) /);

/** Ends as one, has one within, or begins one that something else ends. */
const isSentence = (text: string): boolean =>
  text.includes(" ") &&
  /[a-z]{2}/i.test(text.replaceAll("{}", "")) &&
  (/[.!]$/.test(text) || /[a-z}]\. [A-Z{]/.test(text) || /^[A-Z].*: \{\}$/.test(text));

const isTranslated = (text: string): boolean => text in said || sentencesOf(text).every((sentence) => sentence in said);

test("every sentence that the console may show is there in Chinese", () => {
  const untranslated = texts
    .map(({ text, file }) => ({ text: text.trim(), file }))
    .filter(({ text }) => isSentence(text) && !isTranslated(text));
  expect(untranslated).toEqual([]);
});

test("so are the checks of the join script", () => {
  const isCommand = (text: string): boolean => /^(docker |\{\}$)/.test(text);
  expect(joinScriptTexts().filter((text) => text !== "" && !isCommand(text) && !(text in said))).toEqual([]);
});

test("so are the words of the audit log, of events and of a container's conditions", () => {
  const isAction = ({ key, callee }: SaidText): boolean =>
    key === "action" || ["changeImage", "insertImage"].includes(callee);
  const isOfContainer = ({ key, file }: SaidText): boolean =>
    ["reason", "type"].includes(key) && /^apps\/reconciler\/src\/(plan|containers)\//.test(file);
  const words = texts.filter(
    (found) =>
      (isAction(found) && /^[a-z ]+$/.test(found.text)) ||
      (isOfContainer(found) && /^[A-Z][A-Za-z]+$/.test(found.text)),
  );
  expect(words.length).toBeGreaterThan(60);
  expect(words.filter(({ text }) => !(text in said))).toEqual([]);
});

test("nothing is translated that nobody says", () => {
  const { zod: _zod, ...ours } = PARTS;
  const all = new Set([...saidTexts().map(({ text }) => text.trim()), ...joinScriptTexts()]);
  const known = new Set([...all, ...[...all].flatMap(sentencesOf)]);
  const dead = Object.values(ours).flatMap((part) => Object.keys(part).filter((text) => !known.has(text)));
  expect(dead).toEqual([]);
});

test("nothing is translated twice", () => {
  const all = Object.values(PARTS).flatMap((part) => Object.keys(part));
  expect(all.filter((text, index) => all.indexOf(text) !== index)).toEqual([]);
});

test("what varies in the English is in the Chinese", () => {
  const { zod: _zod, ...ours } = PARTS;
  const wrong = Object.entries<string>(Object.assign({}, ...Object.values(ours))).filter(([text, translation]) => {
    const places = [...translation.matchAll(/\{[~=]?(\d)\}/g)].map(([, place]) => Number(place));
    const wanted = Array.from({ length: text.split("{}").length - 1 }, (_, place) => place);
    return JSON.stringify(places.toSorted((a, b) => a - b)) !== JSON.stringify(wanted);
  });
  expect(wrong).toEqual([]);
});

test("what the schemas refuse in zod's own words is Chinese", () => {
  const catalogue = compile(said);
  const schema = z.object({
    missing: z.string(),
    text: z.string(),
    short: z.string().min(2),
    long: z.string().max(2),
    small: z.int().min(2),
    large: z.int().max(2),
    one_of: z.enum(["a", "b"]),
    many: z.array(z.int()).max(1),
    url: z.url(),
  });
  const { error } = schema.safeParse({
    text: 1,
    short: "a",
    long: "abc",
    small: 1,
    large: 3,
    one_of: "c",
    many: [1, 2],
    url: "x",
  });
  expect(error?.issues.map(({ path, message }) => [path[0], translate(message, catalogue)])).toEqual([
    ["missing", "没有填写"],
    ["text", "应是文字，而不是数字"],
    ["short", "至少 2 个字符"],
    ["long", "最多 2 个字符"],
    ["small", "不能小于 2"],
    ["large", "不能大于 2"],
    ["one_of", '应是其中之一："a"|"b"'],
    ["many", "最多 1 项"],
    ["url", "不是网址"],
  ]);
});

test("what is said within what is said is Chinese as well", () => {
  const catalogue = compile(said);
  const cases = {
    "Next: pull 10.0.0.1:5000/public/pytorch:2.9 (not found).":
      "接下来：拉取 10.0.0.1:5000/public/pytorch:2.9（还没有）。",
    "Not free now: 2 × NVIDIA H100 on gpu-1. It can be waited for in line.":
      "现在不空闲：gpu-1 上的 2 × NVIDIA H100。可以排队等待。",
    "Next in line. It needs 2 × H100 on one machine; none is free now.":
      "排在第一位。它需要同一台机器上的 2 × H100，现在没有空闲的。",
    "The engine at tcp://10.0.0.5:2376 can't be used: The Docker engine at 10.0.0.5:2376 cannot be reached: nothing listens there. Check that Docker runs there, that it listens on this address, and that no firewall is between.":
      "tcp://10.0.0.5:2376 上的引擎不能使用：连接不上 Docker 引擎（10.0.0.5:2376）：那里没有程序在监听。请检查那里的 Docker 是否在运行、是否监听这个地址、中间有没有防火墙。",
    "name: 2 to 63 of a-z, 0-9 and -, starting with a letter.":
      "name：2 到 63 个字符：小写字母、数字和 -，以字母开头。",
    "The image alice/build:1 is Building: wait until it is Ready.": "镜像 alice/build:1 现在是“构建中”，请等它可用。",
  };
  expect(Object.fromEntries(Object.keys(cases).map((text) => [text, translate(text, catalogue)]))).toEqual(cases);
});
