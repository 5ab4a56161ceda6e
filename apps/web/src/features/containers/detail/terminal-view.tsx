import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { Button } from "antd";
import i18next from "i18next";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { PALETTES } from "../../../design/palette.ts";
import { IS_GONE, isLoss, openByteSocket, RECONNECT_MS } from "../../../lib/byte-socket.ts";
import { preferences } from "../../../lib/preferences.ts";

interface TerminalProps {
  containerId: number;
  name: string;
}

/** A shell in the container, and another one when it has ended. */
export function TerminalView(props: TerminalProps) {
  const [round, setRound] = useState(0);
  return <OneTerminal key={round} {...props} onAgain={() => setRound(round + 1)} />;
}

/** Its socket may go and come back within a minute: the shell goes on. */
function OneTerminal({ containerId, name, onAgain }: TerminalProps & { onAgain: () => void }) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const [notice, setNotice] = useState<"lost" | "over" | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    if (!place.current) return undefined;
    const { ink, paper, accent } = PALETTES[preferences.get().mode];
    const terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--code-font"),
      fontSize: 13,
      theme: { foreground: ink, background: paper, cursor: accent },
      screenReaderMode: true,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(place.current);
    fit.fit();
    terminal.focus();
    let terminalId: string | null = null;
    /** The shell went with its server, and the next one is another. */
    let isAnother = false;
    let timer: number | undefined;
    const connect = () => {
      const query = new URLSearchParams({ cols: String(terminal.cols), rows: String(terminal.rows) });
      if (terminalId !== null) query.set("terminal_id", terminalId);
      return openByteSocket(`/ws/containers/${containerId}/terminal?${query}`, {
        onBytes: (bytes) => terminal.write(bytes),
        onWord(word) {
          if (word.type === "opened") {
            // What it printed before follows.
            if (terminalId !== null) terminal.reset();
            if (isAnother) terminal.write(`\r\n\x1b[2m${i18next.t("containers.terminal_new")}\x1b[0m\r\n`);
            isAnother = false;
            setFailure(null);
            terminalId = word.terminal_id;
            setNotice(null);
          }
          if (word.type === "error") setFailure(word.error.message);
        },
        onClose(code) {
          if (code === IS_GONE) [terminalId, isAnother] = [null, true];
          const goesOn = isLoss(code) || isAnother;
          setNotice(goesOn ? "lost" : "over");
          if (goesOn) timer = window.setTimeout(() => (socket = connect()), RECONNECT_MS);
        },
      });
    };
    let socket = connect();
    const encoder = new TextEncoder();
    terminal.onData((text) => socket.send(encoder.encode(text)));
    terminal.onResize(({ cols, rows }) => socket.send({ type: "resize", cols, rows }));
    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(place.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      socket.close();
      terminal.dispose();
    };
  }, [containerId]);

  return (
    <div className="terminal">
      {(notice ?? failure) !== null && (
        <div role="status" className="terminal-notice">
          {failure !== null ? (
            <Said text={failure} />
          ) : (
            t(notice === "lost" ? "containers.reconnecting" : "containers.terminal_over")
          )}
          {notice === "over" && (
            <Button size="small" onClick={onAgain}>
              {t("containers.terminal_again")}
            </Button>
          )}
        </div>
      )}
      <div
        ref={place}
        className="terminal-screen"
        role="group"
        aria-label={`${t("containers.tabs.terminal")}: ${name}`}
      />
    </div>
  );
}
