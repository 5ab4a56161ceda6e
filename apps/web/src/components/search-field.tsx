import { type KeyboardEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

interface SearchFieldProps {
  text: string;
  onSearch: (text: string | undefined) => void;
  /** What is looked for, where that is not what anybody would think. */
  label?: string;
}

/** Filters as one types; nothing is no filter. `/` leads to it, Esc clears it and then leaves it. */
export function SearchField({ text, onSearch, label }: SearchFieldProps) {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // Back and forward change it, too; while one types, the address only follows.
    if (field.current && field.current !== document.activeElement) field.current.value = text;
  }, [text]);
  const press = (event: KeyboardEvent<HTMLInputElement>): void => {
    const { key, currentTarget } = event;
    if (key !== "Escape" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (currentTarget.value === "") return currentTarget.blur();
    currentTarget.value = "";
    onSearch(undefined);
  };
  return (
    <input
      ref={field}
      type="search"
      className="search-field"
      placeholder={label ?? t("common.search")}
      aria-label={label ?? t("common.search")}
      aria-keyshortcuts="/"
      autoComplete="off"
      spellCheck={false}
      defaultValue={text}
      onChange={({ target }) => onSearch(target.value || undefined)}
      onKeyDown={press}
    />
  );
}
