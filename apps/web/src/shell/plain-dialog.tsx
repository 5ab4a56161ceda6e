import { type ReactNode, useEffect, useRef } from "react";

interface PlainDialogProps {
  label: string;
  className: string;
  onClose: () => void;
  children: ReactNode;
}

/** The browser's own modal dialog: it keeps the focus within, closes by Esc, and gives the focus back where it was. */
export function PlainDialog({ label, className, onClose, children }: PlainDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={className}
      aria-label={label}
      onClose={onClose}
      // What is beside its content is the backdrop.
      onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      <div className="plain-dialog">{children}</div>
    </dialog>
  );
}
