import { useState } from "react";

/** What is farther away than this is not drawn. */
const MARGIN = "800px 0px";
const watched = new WeakMap<Element, (isNear: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** One observer for all that are watched. */
function watch(element: Element, onChange: (isNear: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) watched.get(target)?.(isIntersecting);
    },
    { rootMargin: MARGIN },
  );
  watched.set(element, onChange);
  observer.observe(element);
  return () => {
    watched.delete(element);
    observer?.unobserve(element);
  };
}

/** Whether an element is on the screen, or about to be. */
export function useNearViewport(): { isNear: boolean; place: (element: Element | null) => () => void } {
  const [isNear, setNear] = useState(false);
  const [place] = useState(() => (element: Element | null) => (element ? watch(element, setNear) : () => undefined));
  return { isNear, place };
}
