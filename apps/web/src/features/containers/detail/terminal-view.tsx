import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal } from "@xterm/xterm";
import { Button } from "antd";
import i18next from "i18next";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { type Mode, PALETTES } from "../../../design/palette.ts";
import { GOOD_END, isGone, isLoss, openByteSocket, RECONNECT_MS } from "../../../lib/byte-socket.ts";
import { preferences } from "../../../lib/preferences.ts";
import { readStored, writeStored } from "../../../lib/stored.ts";

interface TerminalProps {
  containerId: number;
  name: string;
}

function themeOf(mode: Mode): ITheme {
  const { ink, paper, accent } = PALETTES[mode];
  const selectionBackground = `${accent}4d`; // 30 %, through which the text is read
  return { foreground: ink, background: paper, cursor: accent, cursorAccent: paper, selectionBackground };
}

/** A shell in the container, and another one when it has ended. */
export function TerminalView(props: TerminalProps) {
  const [round, setRound] = useState(0);
  return <OneTerminal key={round} {...props} onAgain={() => setRound(round + 1)} />;
}

/** Its socket may go and come back within a minute, and so may its page: the shell goes on. */
function OneTerminal({ containerId, name, onAgain }: TerminalProps & { onAgain: () => void }) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const [notice, setNotice] = useState<"lost" | "over" | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    if (!place.current) return undefined;
    const terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--code-font"),
      fontSize: 13,
      theme: themeOf(preferences.get().mode),
      minimumContrastRatio: 4.5, // programs choose their colours for a dark ground
      screenReaderMode: true,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(place.current);
    fit.fit();
    terminal.focus();
    const unfollow = preferences.subscribe(() => {
      terminal.options.theme = themeOf(preferences.get().mode);
    });
    const item = `berth-terminal-${containerId}`;
    let terminalId = readStored(item, "tab");
    const keep = (id: string | null): void => {
      terminalId = id;
      writeStored(item, id, "tab");
    };
    /** The shell of before is gone, and the next one is another. */
    let isAnother = false;
    /** What was asked of the terminal then has been answered: a second answer would be typed into the shell. */
    let isReplay = false;
    let timer: number | undefined;
    const connect = () => {
      const query = new URLSearchParams({ cols: String(terminal.cols), rows: String(terminal.rows) });
      if (terminalId !== null) query.set("terminal_id", terminalId);
      let told: string | null = null;
      return openByteSocket(`/ws/containers/${containerId}/terminal?${query}`, {
        onBytes: (bytes) => terminal.write(bytes, () => (isReplay = false)),
        onWord(word) {
          if (word.type === "opened") {
            // What it printed before follows, where it has printed anything: nothing else ends a replay.
            if (terminalId !== null) terminal.reset();
            isReplay = terminalId !== null && word.replay;
            if (isAnother) terminal.write(`\r\n\x1b[2m${i18next.t("containers.terminal_new")}\x1b[0m\r\n`);
            isAnother = false;
            keep(word.terminal_id);
            setFailure(null);
            setNotice(null);
          }
          if (word.type === "error") told = word.error.message;
        },
        onClose(code) {
          if (terminalId !== null && isGone(code)) {
            isAnother = true;
            keep(null);
            socket = connect();
            return;
          }
          if (code === GOOD_END) keep(null);
          if (isLoss(code)) timer = window.setTimeout(() => (socket = connect()), RECONNECT_MS);
          setNotice(isLoss(code) ? "lost" : "over");
          setFailure(told);
        },
      });
    };
    let socket = connect();
    const encoder = new TextEncoder();
    terminal.onData((text) => {
      if (!isReplay) socket.send(encoder.encode(text));
    });
    terminal.onResize(({ cols, rows }) => socket.send({ type: "resize", cols, rows }));
    let isShown = true;
    const observer = new ResizeObserver(([entry]) => {
      const wasShown = isShown;
      isShown = entry!.contentRect.width > 0;
      if (!isShown) return; // behind another tab of the page it has no size
      fit.fit();
      if (!wasShown) terminal.focus();
    });
    observer.observe(place.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      unfollow();
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
