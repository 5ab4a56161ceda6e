import { useEffect, useState } from "react";
import { isLoss, openByteSocket, RECONNECT_MS } from "../../../lib/byte-socket.ts";
import { withoutEscapes } from "../../../lib/readable-log.ts";

/** What the page keeps of a log: the newest characters. The server keeps a MiB. */
const MOST = 1_100_000;
/** What has come within this time is shown at once. */
const PAINT_MS = 100;

export interface ImageLogText {
  text: string;
  /** Nothing more will come. */
  isOver: boolean;
  isLost: boolean;
  failure: string | null;
}

const NOTHING: ImageLogText = { text: "", isOver: false, isLost: false, failure: null };

/** What making an image printed and prints; after a loss it goes on where it was. Null reads nothing. `run` begins anew. */
export function useImageLog(imageId: number | null, run: number): ImageLogText {
  const [log, setLog] = useState({ ...NOTHING, key: "" });
  const key = `${imageId}/${run}`;
  useEffect(() => {
    if (imageId === null) return;
    let waiting = "";
    /** Where to go on after a loss. */
    let from: number | null = null;
    let timer: number | undefined;
    let painting: number | undefined;
    const tell = (change: Partial<ImageLogText>): void => {
      const arrived = withoutEscapes(waiting);
      waiting = "";
      setLog((before) => {
        const last = before.key === key ? before : NOTHING;
        return { ...last, ...change, text: (last.text + arrived).slice(-MOST), key };
      });
    };
    const connect = () => {
      const decoder = new TextDecoder();
      /** Until the server says how far it goes, it may come again. */
      let unsure = "";
      return openByteSocket(`/ws/images/${imageId}/log${from === null ? "" : `?from_seq=${from}`}`, {
        onBytes(bytes) {
          unsure += decoder.decode(bytes, { stream: true });
        },
        onWord(word) {
          if (word.type === "error") tell({ failure: word.error.message });
          if (word.type !== "logged") return;
          from = word.next_seq;
          waiting += unsure;
          unsure = "";
          painting ??= window.setTimeout(() => {
            painting = undefined;
            tell({ isLost: false });
          }, PAINT_MS);
        },
        onClose(code) {
          if (!isLoss(code)) return tell({ isOver: true, isLost: false });
          tell({ isLost: true });
          timer = window.setTimeout(() => (socket = connect()), RECONNECT_MS);
        },
      });
    };
    let socket = connect();
    return () => {
      clearTimeout(timer);
      clearTimeout(painting);
      socket.close();
    };
  }, [imageId, key]);
  return log.key === key ? log : NOTHING;
}
