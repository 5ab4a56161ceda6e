import { said } from "../locales/said.zh.ts";
import { compile, translate } from "./translate.ts";

const catalogue = compile(said);

/** Loaded by itself, for it is large. */
export const inChinese = (text: string): string => translate(text, catalogue);
