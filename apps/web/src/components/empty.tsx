import type { ReactNode } from "react";

/** Where nothing is yet: what would be here, and how it gets here. */
export const Empty = ({ title, text, children }: { title: string; text: string; children?: ReactNode }) => (
  <div className="empty">
    <h2>{title}</h2>
    <p>{text}</p>
    {children}
  </div>
);
