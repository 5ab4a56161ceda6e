import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Command, findCommands } from "./find-commands.ts";
import { MOST_CHOICES } from "../lib/use-read-on.ts";
import { PlainDialog } from "./plain-dialog.tsx";
import { useCommands } from "./use-commands.ts";

/** Goes anywhere, and does what is done from anywhere, by a few letters of its name. */
export function CommandPalette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { t } = useTranslation();
  // It runs once the dialog has closed: a page that it opens has the focus then.
  const chosen = useRef<Command>(undefined);
  const end = (): void => {
    onClose();
    chosen.current?.run();
  };
  const choose = (command: Command, from: Element): void => {
    chosen.current = command;
    from.closest("dialog")?.close();
  };
  return (
    <PlainDialog label={t("palette.open")} className="palette" onClose={end}>
      <PaletteList onHelp={onHelp} onChoose={choose} />
    </PlainDialog>
  );
}

interface PaletteListProps {
  onHelp: () => void;
  onChoose: (command: Command, from: Element) => void;
}

function PaletteList({ onHelp, onChoose }: PaletteListProps) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const { commands, isCut } = useCommands(onHelp);
  const found = findCommands(commands, typed);
  const optionId = (index: number): string => `${id}-${index}`;
  const move = (to: number): void => {
    const next = (to + found.length) % Math.max(1, found.length);
    setAt(next);
    document.getElementById(optionId(next))?.scrollIntoView({ block: "nearest" });
  };
  const press = (event: KeyboardEvent): void => {
    const { key, currentTarget } = event;
    const command = found[at];
    if (event.nativeEvent.isComposing) return;
    if (key === "ArrowDown") move(at + 1);
    else if (key === "ArrowUp") move(at - 1);
    else if (key === "Enter" && command) onChoose(command, currentTarget);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        autoFocus
        type="text"
        role="combobox"
        aria-label={t("palette.open")}
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-activedescendant={found.length > 0 ? optionId(at) : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder={t("palette.hint")}
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul id={id} role="listbox" aria-label={t("palette.found")} hidden={found.length === 0}>
        {found.map((command, index) => (
          <li
            key={command.key}
            id={optionId(index)}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setAt(index)}
            onClick={({ currentTarget }) => onChoose(command, currentTarget)}
          >
            <span>{command.label}</span>
            <span className="quiet">{t(`palette.kinds.${command.kind}`)}</span>
          </li>
        ))}
      </ul>
      <p role="status" className={found.length === 0 ? "palette-nothing" : "visually-hidden"}>
        {found.length === 0 ? t("palette.nothing") : t("palette.count", { count: found.length })}
      </p>
      {isCut && <p className="palette-cut quiet">{t("palette.cut", { most: MOST_CHOICES })}</p>}
    </>
  );
}
