import { expect, test } from "vitest";
import { compile, translate } from "./translate.ts";

const catalogue = compile({
  "It failed.": "它失败了。",
  "See its log.": "请看日志。",
  "It failed. Ask an admin.": "它失败了，请找管理员。",
  "{} was removed.": "{0} 已删除。",
  "{} was removed from {}.": "{0} 已从 {1} 移除。",
  "The {} ended.": "{0} 结束了。",
  "The engine {} ended.": "引擎 {0} 结束了。",
  "Pulling {} failed: {}": "拉取 {0} 失败：{1}",
  "The engine at {} can't be used: {}. {}": "引擎 {0} 不能用：{1}。{2}",
  "{} is {}: wait.": "{0} 现在是{~1}，请等待。",
  Building: "构建中",
  build: "构建",
  "stop {}": "停止 {=0}",
  "{}: {}": "{~0}：{1}",
  name: "名称",
  "costs $ {} (.*)?": "价格 {0}",
});
const say = (text: string): string => translate(text, catalogue);

test("says a sentence in the other language, with what varies where it belongs there", () => {
  expect(say("It failed.")).toBe("它失败了。");
  expect(say("dev was removed from gpu-1.")).toBe("dev 已从 gpu-1 移除。");
  expect(say("costs $ 3 (.*)?")).toBe("价格 3");
});

test("leaves what it does not know as it is", () => {
  expect(say("Something else happened: nobody knows (why).")).toBe("Something else happened: nobody knows (why).");
  expect(say("It failed!")).toBe("It failed!");
  expect(say("")).toBe("");
});

test("takes the saying that says most", () => {
  expect(say("It failed. Ask an admin.")).toBe("它失败了，请找管理员。");
  expect(say("The engine x ended.")).toBe("引擎 x 结束了。");
  expect(say("The file x ended.")).toBe("file x 结束了。");
});

test("says sentence by sentence what is no saying as a whole", () => {
  expect(say("It failed. See its log.")).toBe("它失败了。请看日志。");
  expect(say("It failed. Who knows. See its log.")).toBe("它失败了。Who knows. 请看日志。");
  expect(say("The cat sat. The cat was removed.")).toBe("The cat sat. The cat 已删除。");
});

test("says the messages that a message holds", () => {
  expect(say("Pulling a:1 failed: Pulling b:1 failed: It failed. See its log.")).toBe(
    "拉取 a:1 失败：拉取 b:1 失败：它失败了。请看日志。",
  );
  // It lost its full stop in there.
  expect(say("The engine at x:1 can't be used: dev was removed. See its log.")).toBe(
    "引擎 x:1 不能用：dev 已删除。请看日志。",
  );
});

test("takes a single word for a name, but where it can be none", () => {
  expect(say("build was removed.")).toBe("build 已删除。");
  expect(say("build is Building: wait.")).toBe("build 现在是构建中，请等待。");
  expect(say("stop it at once")).toBe("stop it at once");
  expect(say("name: It failed.")).toBe("名称：它失败了。");
  expect(say("other: thing")).toBe("other: thing");
});

test("does not read what is no message, and comes to an end with any text", () => {
  const log = "It failed. ".repeat(100_000);
  expect(say(log)).toBe(log);
  for (const piece of ["a. ", "a: b. ", "Pulling x failed: ", "is: wait. ", "(.*)? $ ", "{} {0} "]) {
    expect(typeof say(piece.repeat(2_000 / piece.length))).toBe("string");
  }
});
