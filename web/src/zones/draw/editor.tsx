import { type KeyboardEvent, type ReactNode, useCallback, useRef, useState } from "react";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { isTyping } from "../../ui/shell";
import { drawTexts } from "../texts/draw";
import { Canvas } from "./canvas";
import { Corners } from "./corners";
import type { Drawing, Tool } from "./drawing";
import { type Fault, type Frame, faultOf, type Point } from "./geometry";
import type { Item } from "./items";
import type { Mark } from "./marks";

export interface EditorProps {
  drawing: Drawing;
  frame: Frame;
  unit: "picture" | "metres";
  label: string;
  picture?: string | undefined;
  grid?: boolean;
  readOnly?: boolean;
  tools: readonly Tool[];
  marks?: ReadonlyMap<string, Mark>;
  onDrawn: (points: Point[]) => void;
  /** Beside the tools: what the next drawn thing is to be. */
  options?: ReactNode;
  /** What can be said of the chosen thing. */
  panel: (item: Item) => ReactNode;
  /** Below everything at the side: saving, import. */
  foot: ReactNode;
  /** In words, what an item is. */
  describe: (item: Item) => string;
}

/** Tools, surface, the list of what is on it, and what is known of the chosen thing. */
export function Editor(props: EditorProps) {
  const { drawing } = props;
  const t = useTexts(drawTexts);
  const w = useWords();
  const [said, setSaid] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const say = useCallback((text: string) => setSaid(text), []);
  const where = useCallback(
    (p: Point) =>
      props.unit === "metres"
        ? t("at.plan", { x: w.score(p[0]), y: w.score(p[1]) })
        : t("at.picture", { x: w.decimal(p[0]), y: w.decimal(p[1]) }),
    [props.unit, t, w],
  );
  const metres = useCallback((m: number) => `${w.decimal(m)} m`, [w]);

  const back = () => {
    drawing.undo();
    say(t("said.undone"));
  };
  const again = () => {
    drawing.redo();
    say(t("said.redone"));
  };
  const onKeyDown = (e: KeyboardEvent<HTMLDivElement>) => {
    if (!(e.ctrlKey || e.metaKey) || isTyping(e.target)) return;
    const key = e.key.toLowerCase();
    if (key === "z" && !e.shiftKey) back();
    else if (key === "y" || (key === "z" && e.shiftKey)) again();
    else return;
    e.preventDefault();
  };

  const item = drawing.selected;
  const fault = item?.type === "zone" ? faultOf(item.points, props.frame) : undefined;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only the keys of undo, which have buttons too
    <div className="editor" ref={box} onKeyDown={onKeyDown}>
      <div className="editor-bar" role="toolbar" aria-label={t("tools")}>
        {props.readOnly
          ? null
          : props.tools.map((name) => (
              <Button
                key={name}
                small
                pressed={drawing.tool === name}
                onPress={() => {
                  drawing.take(name);
                  if (name !== "select") box.current?.querySelector<SVGSVGElement>(".canvas")?.focus();
                }}
              >
                {t(`tool.${name}`)}
              </Button>
            ))}
        {props.options}
        <span className="spring" />
        {props.readOnly ? null : (
          <>
            <Button small disabled={!drawing.canUndo} label={t("undo.keys")} onPress={back}>
              ↶ {t("undo")}
            </Button>
            <Button small disabled={!drawing.canRedo} label={t("redo.keys")} onPress={again}>
              ↷ {t("redo")}
            </Button>
          </>
        )}
      </div>
      <div className="editor-body">
        <div>
          <Canvas
            drawing={drawing}
            frame={props.frame}
            label={props.label}
            picture={props.picture}
            grid={props.grid ?? false}
            readOnly={props.readOnly ?? false}
            {...(props.marks ? { marks: props.marks } : {})}
            onDrawn={props.onDrawn}
            say={say}
            where={where}
            metres={metres}
          />
          {props.readOnly ? null : <Keys t={t} />}
        </div>
        <aside className="editor-side">
          <section aria-label={t("things")}>
            <h2>{t("things")}</h2>
            <Things {...props} none={t("things.none")} />
          </section>
          {item ? (
            <section aria-label={item.name} className="editor-chosen">
              {fault ? (
                <div className="note bad" role="alert">
                  <div>
                    <strong>{t("fault.title")}</strong> {faultText(t, fault)}
                  </div>
                </div>
              ) : null}
              {props.panel(item)}
              <Corners item={item} drawing={drawing} frame={props.frame} unit={props.unit} />
            </section>
          ) : null}
          {props.foot}
        </aside>
      </div>
      <p className="hidden" role="status" aria-live="polite">
        {said}
      </p>
    </div>
  );
}

/** What is wrong with an outline, in words. */
export function faultText(
  t: (k: `fault.${Fault["code"]}`, p: { i: number; j: number }) => string,
  f: Fault,
): string {
  return t(`fault.${f.code}`, { i: f.i, j: f.j });
}

/** Everything on the surface but walls, to choose from without a pointer. */
function Things(props: EditorProps & { none: string }) {
  const { drawing } = props;
  const t = useTexts(drawTexts);
  const list = drawing.doc.filter((i) => i.type !== "wall" && i.points.length > 0);
  if (list.length === 0) return <p className="muted">{props.none}</p>;
  const dot = { good: "✓", warn: "!", bad: "✕" } as const;
  return (
    <ul className="things">
      {list.map((i) => {
        const fault = i.type === "zone" && !i.fixed ? faultOf(i.points, props.frame) : undefined;
        const mark = fault ? { tone: "bad" as const, word: faultText(t, fault) } : props.marks?.get(i.key);
        return (
          <li key={i.key}>
            <button
              type="button"
              aria-pressed={drawing.selected?.key === i.key}
              onClick={() => {
                drawing.take("select");
                drawing.select(drawing.selected?.key === i.key ? undefined : i.key);
              }}
            >
              <span className={`swatch ${i.type} ${i.zoneKind ?? i.signKind ?? ""}`} aria-hidden="true" />
              <span>
                {i.name} <small>{props.describe(i)}</small>
                {mark ? (
                  <small className={mark.tone}>
                    {dot[mark.tone]} {mark.word}
                  </small>
                ) : null}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Keys({ t }: { t: (k: `keys.k${1 | 2 | 3 | 4 | 5 | 6}` | "keys.title" | "snap") => string }) {
  const rows = [
    ["← ↑ ↓ →", "keys.k1"],
    ["Space", "keys.k2"],
    ["Enter", "keys.k3"],
    ["Insert · Delete", "keys.k4"],
    ["Ctrl Z · Ctrl Y", "keys.k5"],
    ["+ · − · 0", "keys.k6"],
  ] as const;
  return (
    <details className="editor-keys">
      <summary>{t("keys.title")}</summary>
      <p>{t("snap")}</p>
      <dl>
        {rows.map(([k, text]) => (
          <div key={text}>
            <dt>
              <kbd>{k}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
