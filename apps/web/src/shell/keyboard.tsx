import "./keyboard.css";
import { SearchOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { lazily } from "../components/lazily.tsx";
import { DialogFailure } from "./dialog-failure.tsx";
import { isDialogOpen, isInTerminal, isTyping, PALETTE_KEY } from "./keys.ts";

const CommandPalette = lazily(() => import("./command-palette.tsx"), "CommandPalette", { failure: DialogFailure });
const KeyHelp = lazily(() => import("./key-help.tsx"), "KeyHelp", { failure: DialogFailure });

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
      {open === "palette" && <CommandPalette onClose={close} onHelp={() => setOpen("help")} />}
      {open === "help" && <KeyHelp onClose={close} />}
    </>
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.select();
  field?.focus();
  return field !== null;
}
