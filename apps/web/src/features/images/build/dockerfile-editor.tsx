import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useEffectEvent, useRef } from "react";

export interface DockerfileEditorProps {
  /** At first; what is typed after that is told by `onChange`. */
  text: string;
  label: string;
  /** From 1; null marks none. */
  faultyLine: number | null;
  onChange: (text: string) => void;
}

/** Line numbers, colours, undo. Tab goes on to the next field, as everywhere. */
export function DockerfileEditor({ text, label, faultyLine, onChange }: DockerfileEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const open = useEffectEvent((parent: HTMLElement) => {
    const changes = EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString());
    });
    const names = EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" });
    return new EditorView({ parent, state: EditorState.create({ doc: text, extensions: [...LOOK, changes, names] }) });
  });
  useEffect(() => {
    if (!place.current) return;
    const opened = open(place.current);
    view.current = opened;
    return () => {
      view.current = null;
      opened.destroy();
    };
  }, []);
  useEffect(() => {
    const { current } = view;
    if (!current) return;
    const line = faultyLine !== null && faultyLine <= current.state.doc.lines ? faultyLine : null;
    const { from } = current.state.doc.line(line ?? 1);
    const isThere = line !== null;
    current.dispatch({ effects: [markLine.of(line), ...(isThere ? [EditorView.scrollIntoView(from)] : [])] });
  }, [faultyLine]);
  return <div ref={place} className="dockerfile-editor" />;
}

const markLine = StateEffect.define<number | null>();
const faulty = Decoration.line({ class: "faulty-line" });

/** Stays with its text while lines come and go before it. */
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, transaction) {
    let after = before.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(markLine)) continue;
      const { value: line } = effect;
      after = line === null ? Decoration.none : Decoration.set(faulty.range(transaction.state.doc.line(line).from));
    }
    return after;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.string, tags.number], color: "var(--good)" },
  { tag: tags.variableName, color: "var(--simulated)" },
]);

const theme = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "var(--card)", color: "var(--ink)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--code-font)", minHeight: "220px", maxHeight: "min(60vh, 560px)" },
  ".cm-gutters": {
    backgroundColor: "var(--paper)",
    color: "var(--quiet)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 25%, var(--card))",
  },
  ".faulty-line": { backgroundColor: "color-mix(in srgb, var(--bad) 16%, var(--card))" },
});

const LOOK: Extension[] = [
  lineNumbers(),
  history(),
  drawSelection(),
  EditorView.lineWrapping,
  keymap.of([...defaultKeymap, ...historyKeymap]),
  StreamLanguage.define(dockerFile),
  syntaxHighlighting(colours),
  marked,
  theme,
];
