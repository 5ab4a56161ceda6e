import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync, type Program, type TemplateLiteral } from "oxc-parser";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const SAY = "{apps/{server,reconciler},packages/{api,db,docker,spec}}/src/**/*.ts";
const isOfProduct = (file: string): boolean => !/\.test\.ts$|\/(testing|generated)\//.test(file);

/** A text of the sources, with `{}` for what varies. */
export interface SaidText {
  text: string;
  file: string;
  /** The name that it is given to, as a property; empty where there is none. */
  key: string;
  /** The function that it is given to, as `log.warn`; empty where there is none. */
  callee: string;
}

/** Every text that stands in the code of what the console talks to. What is chosen within a text is each of its choices. */
export function saidTexts(): SaidText[] {
  const files = globSync(SAY, { cwd: ROOT }).filter(isOfProduct);
  return files.flatMap((file) => {
    const { program } = parseSync(file, readFileSync(ROOT + file, "utf8"), { preserveParens: false });
    return textsIn(program).map((found) => ({ ...found, file }));
  });
}

/** Of one text. */
const MOST_CHOICES = 64;

function textsIn(program: Program): Omit<SaidText, "file">[] {
  const found: Omit<SaidText, "file">[] = [];
  const constants = constantsOf(program);
  const visit = (node: unknown, key: string, callee: string): void => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, key, callee));
    if (!isNode(node) || NO_TEXTS.test(node.type)) return;
    const others: Node[] = [];
    const texts = choicesOf(node, others, constants);
    if (texts) {
      found.push(...texts.map((text) => ({ text: text.replaceAll(/(\{\})+/g, "{}"), key, callee })));
      return visit(others, key, callee);
    }
    const nearestKey = isNode(node.key) && typeof node.key.name === "string" ? node.key.name : key;
    const nearestCallee = isNode(node.callee) ? nameOf(node.callee) : callee;
    for (const child of Object.values(node)) visit(child, nearestKey, nearestCallee);
  };
  visit(program.body, "", "");
  return found;
}

type Node = { type: string } & Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;
/** Types, and names of modules. */
const NO_TEXTS = /^(ImportDeclaration|TS(?!AsExpression|SatisfiesExpression|NonNullExpression))/;

const nameOf = ({ type, name, object, property }: Node): string =>
  type === "MemberExpression" && isNode(object) && isNode(property)
    ? `${nameOf(object)}.${nameOf(property)}`
    : String(name);

/** What a name stands for, where only one constant of the file has it, and nothing else. */
type Constants = ReadonlyMap<string, Node | null>;

function constantsOf(program: Program): Constants {
  const constants = new Map<string, Node | null>();
  const visit = (node: unknown, isBinding: boolean): void => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, isBinding));
    if (!isNode(node)) return;
    const { type, id, init, params, kind, declarations } = node;
    if (isBinding && type === "Identifier") constants.set(nameOf(node), null);
    if (type === "VariableDeclaration" && kind === "const") {
      for (const { id: name, init: value } of declarations as { id: Node; init: Node }[]) {
        if (name.type === "Identifier") constants.set(nameOf(name), constants.has(nameOf(name)) ? null : value);
      }
    }
    const isPlain = type === "VariableDeclarator" && isNode(id) && id.type === "Identifier";
    for (const child of Object.values(node)) {
      if (child === id && isPlain) continue;
      visit(child, (isBinding && child !== init) || (params !== undefined && child === params) || child === id);
    }
  };
  visit(program.body, false);
  return constants;
}

/** Each form that a text takes; null for what is none. `others` gets what stands in its places. */
function choicesOf(node: Node, others: Node[], constants: Constants): string[] | null {
  const { type, value, operator } = node;
  if (type === "Literal") return typeof value === "string" ? [value] : null;
  if (type === "TemplateLiteral") {
    const { quasis, expressions } = node as unknown as TemplateLiteral;
    const places = expressions.map((expression) => placeOf(expression as unknown as Node, others, constants));
    return quasis.reduce(
      (texts, quasi, index) => product(texts, product([quasi.value.cooked ?? ""], places[index] ?? [""])),
      [""],
    );
  }
  const parts = type === "BinaryExpression" && operator === "+" ? [node.left, node.right] : [];
  const branches = type === "ConditionalExpression" ? [node.consequent, node.alternate] : [];
  const pair = [...parts, ...branches] as Node[];
  const within: Node[] = [];
  if (!pair.some((each) => choicesOf(each, within, constants) !== null)) return null;
  const [first, second] = pair.map((each) => placeOf(each, others, constants)) as [string[], string[]];
  if (branches.length === 0) return product(first, second);
  others.push(node.test as Node);
  return [...first, ...second];
}

function placeOf(node: Node, others: Node[], constants: Constants): string[] {
  const constant = node.type === "Identifier" ? constants.get(nameOf(node)) : null;
  // Its own places are visited where it stands.
  const choices = constant ? choicesOf(constant, [], constants) : choicesOf(node, others, constants);
  if (constant && choices?.includes("{}")) return ["{}"];
  if (!choices) others.push(node);
  return choices ?? ["{}"];
}

const product = (heads: readonly string[], tails: readonly string[]): string[] =>
  heads.length * tails.length > MOST_CHOICES
    ? heads.map((head) => `${head}{}`)
    : heads.flatMap((head) => tails.map((tail) => head + tail));

const JOIN_SCRIPT = "packages/api/src/machines/join/berth-join.sh";

/** What the join script finds on a server, and what it says to do. */
export function joinScriptTexts(): string[] {
  const script = readFileSync(ROOT + JOIN_SCRIPT, "utf8").replaceAll(/ \\\n\s+/g, " ");
  const text = /"(?:\\.|\$\([^)]*\)\)?|[^"\\])*"|'[^']*'/.source;
  const calls = script.matchAll(new RegExp(`(?:\\b(?:ok|warn|fail) |fix=)(${text})(?: (${text}))?`, "g"));
  return [...calls].flatMap(([, found, fix]) => [found!, ...(fix === undefined ? [] : [fix])]).map(textOfShell);
}

/** Without what varies: `$name`, `${name:-other}`, `$(command)`, `$((sum))`. */
const textOfShell = (quoted: string): string =>
  quoted.startsWith("'")
    ? quoted.slice(1, -1)
    : quoted
        .slice(1, -1)
        .replaceAll(/\$\(\([^)]*\)\)|\$\([^)]*\)|\$\{[^}]*\}|\$\w+/g, "{}")
        .replaceAll('\\"', '"');
