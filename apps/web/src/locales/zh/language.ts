export const language = {
  label: "语言",
  zh: "中文",
  en: "English",
};
