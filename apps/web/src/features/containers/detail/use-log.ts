import { useEffect, useState } from "react";
import { isLoss, openByteSocket, RECONNECT_MS } from "../../../lib/byte-socket.ts";

/** What the page keeps of a log: the newest characters. */
const MOST = 500_000;
/** What has come within this time is shown at once. */
const PAINT_MS = 100;

/** What the container prints, from its newest thousand lines on, for as long as it is shown. */
export function useLog(containerId: number) {
  const [text, setText] = useState("");
  const [end, setEnd] = useState<"lost" | "over" | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [clearedAt, setClearedAt] = useState<string | null>(null);

  useEffect(() => {
    let [decoder, waiting] = [new TextDecoder(), ""];
    let timer: number | undefined;
    let painting: number | undefined;
    const paint = (): void => {
      painting = undefined;
      const arrived = waiting;
      waiting = "";
      const fromStart = isAgain;
      isAgain = false;
      setText((before) => ((fromStart ? "" : before) + arrived).slice(-MOST));
    };
    // What was read stays until what is read again takes its place.
    let isAgain = false;
    const connect = () =>
      openByteSocket(`/ws/containers/${containerId}/logs?tail=1000`, {
        onBytes(bytes) {
          // Not where it is painted: an end or a refusal may have come by then.
          setEnd(null);
          setFailure(null);
          waiting += decoder.decode(bytes, { stream: true });
          painting ??= window.setTimeout(paint, PAINT_MS);
        },
        onWord(word) {
          if (word.type === "error") setFailure(word.error.message);
        },
        onClose(code) {
          setEnd(isLoss(code) ? "lost" : "over");
          if (!isLoss(code)) return;
          timer = window.setTimeout(() => {
            [decoder, waiting, isAgain] = [new TextDecoder(), "", true];
            socket = connect();
          }, RECONNECT_MS);
        },
      });
    let socket = connect();
    return () => {
      clearTimeout(timer);
      clearTimeout(painting);
      socket.close();
    };
  }, [containerId]);

  return {
    text,
    end,
    failure,
    /** When its reader has taken away what was there; null where nobody did. */
    clearedAt,
    clear(): void {
      setText("");
      setClearedAt(new Date().toISOString());
    },
  };
}
