import type { Locale } from "antd/es/locale";
import { useEffect, useState } from "react";
import type { Language } from "../lib/preferences.ts";

/** The component library's own few texts. It speaks English by itself. */
export function useAntdLocale(language: Language): Locale | undefined {
  const [chinese, setChinese] = useState<Locale>();
  useEffect(() => {
    if (language === "zh") void import("antd/locale/zh_CN").then((module) => setChinese(module.default));
  }, [language]);
  return language === "zh" ? chinese : undefined;
}
