import "./keyboard.css";
import { SearchOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isDialogOpen, isInTerminal, isTyping, PALETTE_KEY } from "./keys.ts";

const CommandPalette = lazy(async () => ({ default: (await import("./command-palette.tsx")).CommandPalette }));
const KeyHelp = lazy(async () => ({ default: (await import("./key-help.tsx")).KeyHelp }));

/** The keys of the whole console, and the button that opens the palette without them. */
export function Keyboard() {
  const { t } = useTranslation();
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || isDialogOpen()) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !isInTerminal(event.target)) {
        event.preventDefault();
        setOpen("palette");
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") setOpen("help");
      if (event.key === "/" && focusSearch()) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const close = (): void => setOpen(null);
  return (
    <>
      <Button
        className="palette-button"
        icon={<SearchOutlined />}
        aria-label={`${t("palette.open")} ${PALETTE_KEY}`}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => setOpen("palette")}
      >
        <span className="palette-button-text">
          {t("palette.open")} <kbd>{PALETTE_KEY}</kbd>
        </span>
      </Button>
      <Suspense fallback={null}>
        {open === "palette" && <CommandPalette onClose={close} onHelp={() => setOpen("help")} />}
        {open === "help" && <KeyHelp onClose={close} />}
      </Suspense>
    </>
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.select();
  field?.focus();
  return field !== null;
}
