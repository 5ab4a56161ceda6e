import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import type { ImageLogText } from "./use-image-log.ts";

/** Stays at the end unless one has scrolled away from it. */
export function ImageLog({ log: { text, isOver, isLost, failure }, name }: { log: ImageLogText; name: string }) {
  const { t } = useTranslation();
  const place = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  // After each painting of the text.
  useEffect(() => {
    const { current } = place;
    if (current && isAtEnd.current) current.scrollTop = current.scrollHeight;
  });
  return (
    <>
      <pre
        ref={place}
        className="log"
        tabIndex={0}
        role="log"
        aria-label={`${t("image.tabs.log")}: ${name}`}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 20;
        }}
      >
        {text}
      </pre>
      {failure === null ? (
        <p className="quiet" role="status">
          {isLost ? t("image.log_lost") : isOver ? t("image.log_end") : text === "" && t("image.log_none")}
        </p>
      ) : (
        <p className="trouble">
          <Said text={failure} />
        </p>
      )}
    </>
  );
}
