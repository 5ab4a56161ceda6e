import { type RefCallback, useCallback, useState } from "react";

/** Of each row, as `data-table.css` has it. */
export const ROW_PX = 40;
/** Drawn beyond each edge, so that the next rows are there before they are seen. */
const BEYOND = 8;
/** The window moves by so many rows at once. */
const STEP = 4;

/** Which rows of a frame that scrolls are to be drawn. */
export function useWindow(count: number): { frame: RefCallback<HTMLElement>; from: number; to: number } {
  const [{ first, fitting }, setSeen] = useState({ first: 0, fitting: 20 });
  const frame = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const look = (): void => {
      const first = Math.floor(element.scrollTop / ROW_PX / STEP) * STEP;
      const fitting = Math.ceil(element.clientHeight / ROW_PX);
      setSeen((seen) => (seen.first === first && seen.fitting === fitting ? seen : { first, fitting }));
    };
    const resizing = new ResizeObserver(look);
    resizing.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resizing.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  // Where the list has become shorter than what was seen of it, its end is.
  const from = Math.max(0, Math.min(first, count - fitting) - BEYOND);
  return { frame, from, to: Math.min(count, first + fitting + STEP + BEYOND) };
}
