/** CodeMirror for definitions, in a shadow root: there it brings its style without what the policy of the page forbids. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { Decoration, type DecorationSet, hoverTooltip, keymap, MatchDecorator, type Tooltip, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup, EditorView } from "codemirror";
import { type RefObject, useEffect, useRef } from "react";
import { type Mode, useMode } from "~/app/theme";
import { texts } from "~/texts";
import { type Choice, completionAt, type Knowledge } from "./completion";
import { aboutOffset } from "./hover";
import type { Language, Range } from "./source";

export interface Problem extends Range {
  severity: "error" | "warning";
  message: string;
}

export interface Handle {
  /** Chooses a part of the text, shows it, and takes the keyboard there. */
  choose: (range: Range) => void;
  /** Writes another text in the place of all, as one change that can be undone. */
  replace: (text: string) => void;
}

interface Props {
  /** At the beginning: the editor is what holds the text. */
  text: string;
  language: Language;
  knowledge: Knowledge | undefined;
  check: (text: string) => Promise<Problem[]>;
  onChange: (text: string) => void;
  onCursor: (offset: number) => void;
  onSubmit: () => void;
  handle: RefObject<Handle | null>;
}

/** Milliseconds after the last key until the server is asked. */
const CHECK_MS = 400;

export function CodeEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  const parts = useRef({ mode: new Compartment(), language: new Compartment() });
  const mode = useMode();
  latest.current = props;
  useEffect(() => {
    if (host.current === null) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const { language, text } = latest.current;
    const { mode: modePart, language: languagePart } = parts.current;
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [languagePart.of(grammar(language)), modePart.of(dark(mode)), extensions(latest)],
      }),
    });
    view.current = made;
    latest.current.handle.current = handleOf(made);
    return () => {
      view.current = null;
      made.destroy();
    };
  }, []);
  useEffect(() => view.current?.dispatch({ effects: parts.current.mode.reconfigure(dark(mode)) }), [mode]);
  useEffect(() => view.current?.dispatch({ effects: parts.current.language.reconfigure(grammar(props.language)) }), [props.language]);
  return <div ref={host} className="code-editor" data-editor />;
}

const grammar = (language: Language): Extension => (language === "json" ? json() : yaml());
const dark = (mode: Mode): Extension => EditorView.theme({}, { dark: mode === "dark" });

const handleOf = (view: EditorView): Handle => ({
  choose: ({ from, to }) => {
    const length = view.state.doc.length;
    const [anchor, head] = [Math.min(to, length), Math.min(from, length)];
    view.dispatch({ selection: { anchor, head }, effects: EditorView.scrollIntoView(head, { y: "center" }) });
    view.focus();
  },
  replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
});

type Latest = RefObject<Props>;

function extensions(latest: Latest): Extension {
  const submit = (): boolean => {
    latest.current.onSubmit();
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run: submit }])),
    basicSetup,
    keymap.of([indentWithTab]), // Escape and then Tab leaves the editor, as CodeMirror has it
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": texts.editor.source, "aria-description": texts.editor.leave, spellcheck: "false", tabindex: "0" }),
    autocompletion({ override: [(context) => complete(context, latest.current.knowledge)], icons: false, optionClass: (each) => `cm-kind-${each.type ?? ""}` }),
    hoverTooltip((view, offset) => about(view, offset, latest.current.knowledge)),
    linter(async (view): Promise<Diagnostic[]> => latest.current.check(view.state.doc.toString()), { delay: CHECK_MS }),
    lintGutter(),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      if (update.docChanged || update.selectionSet) latest.current.onCursor(update.state.selection.main.head);
    }),
    expressions,
    theme,
    syntaxHighlighting(colours),
  ];
}

/** Characters behind which something is offered before a letter is written. */
const BEGINS = /(?:[.{]|:\s|\$\{\s)$/;

function complete(context: CompletionContext, knowledge: Knowledge | undefined): CompletionResult | null {
  if (knowledge === undefined) return null;
  const { state, pos, explicit } = context;
  const before = state.doc.lineAt(pos).text.slice(0, pos - state.doc.lineAt(pos).from);
  if (!explicit && !/[\w-]$/.test(before) && !BEGINS.test(before)) return null;
  const found = completionAt(state.doc.toString(), pos, knowledge);
  if (found === null) return null;
  return { from: found.from, options: found.choices.map(option), validFor: /^[\w-]*$/ };
}

const option = ({ name, about: info, detail, kind, apply }: Choice) => ({ label: name, type: kind, ...(apply && { apply }), ...(detail && { detail }), ...(info && { info }) });

function about(view: EditorView, offset: number, knowledge: Knowledge | undefined): Tooltip | null {
  const found = knowledge === undefined ? null : aboutOffset(view.state.doc.toString(), offset, knowledge);
  if (found === null) return null;
  return {
    pos: found.range.from,
    end: found.range.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-about";
      const add = (tag: string, text: string): void => {
        if (text !== "") dom.appendChild(document.createElement(tag)).textContent = text;
      };
      add("strong", found.name);
      add("code", found.detail);
      add("p", found.about);
      for (const example of found.examples.slice(0, 3)) add("pre", example);
      return { dom };
    },
  };
}

const marker = new MatchDecorator({ regexp: /\$\{(?:`[^`]*`|'[^']*'|[^}])*\}/g, decoration: Decoration.mark({ class: "cm-expression" }) });
/** Marks what is an expression in a text. */
const expressions = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = marker.createDeco(view);
    }
    update(update: ViewUpdate): void {
      this.decorations = marker.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

/** The colours are those of the page, as variables: they reach into the shadow root, and change with its mode. */
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--code-value)" },
  { tag: [tags.comment, tags.meta], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--muted)" },
  { tag: tags.invalid, color: "var(--failed)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "var(--bg)", color: "var(--text)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "19px" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderInlineEnd: "1px solid var(--line-soft)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 9%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 18%, transparent)" },
  ".cm-expression": { backgroundColor: "color-mix(in srgb, var(--person) 12%, transparent)", borderRadius: "3px" },
  ".cm-expression, .cm-expression span": { color: "var(--person)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "1px solid var(--line)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "8px", fontFamily: "var(--font)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginInlineStart: "10px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { padding: "8px 10px", maxWidth: "340px" },
  ".cm-kind-function": { fontStyle: "italic" },
  ".cm-about": { padding: "8px 10px", maxWidth: "420px", fontSize: "13px" },
  ".cm-about p": { margin: "4px 0 0", whiteSpace: "pre-line" },
  ".cm-about code, .cm-about pre": { fontFamily: "var(--mono)", fontSize: "12px", margin: "4px 0 0" },
  ".cm-about code": { marginInlineStart: "8px", color: "var(--muted)" },
  ".cm-diagnostic": { fontFamily: "var(--font)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--failed)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--timed-out)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--failed)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--timed-out)", textUnderlineOffset: "3px" },
  ".cm-panels input, .cm-panels button": { color: "var(--text)", backgroundColor: "var(--bg)", backgroundImage: "none", border: "1px solid var(--line)" },
});
