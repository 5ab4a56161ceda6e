export const PALETTE_KEY = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘K" : "Ctrl+K";

/** Keys belong to what is typed into, and to a dialog that is above the page. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], .xterm") !== null;

/** A terminal has every key, Ctrl+K among them. */
export const isInTerminal = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest(".xterm") !== null;

export const isDialogOpen = (): boolean =>
  Array.from(document.querySelectorAll("dialog[open], [role=dialog]")).some((dialog) => dialog.checkVisibility());
