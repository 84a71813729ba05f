import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { useTexts } from "../../i18n/texts";
import { drawTexts } from "../texts/draw";
import { Draft } from "./draft";
import type { Drawing } from "./drawing";
import { distance, type Frame, type Point, settle } from "./geometry";
import { dragged, type Hold, holdOf, targetsFor } from "./gestures";
import { arrows, Handles } from "./handles";
import { Labels } from "./labels";
import { type Mark, Pairs, Shape } from "./marks";
import { type Snapped, snap } from "./snap";
import { useView } from "./view";
import { ViewTools } from "./viewtools";

/** How many pixels of the screen a point is pulled. */
const pullPixels = 10;

/**
 * The surface on which zones, signs, entrances and cameras are drawn: a floor
 * plan or a camera's picture. Everything works by pointer and by keys alone.
 */
export function Canvas(props: {
  drawing: Drawing;
  frame: Frame;
  label: string;
  picture?: string | undefined;
  grid?: boolean;
  readOnly?: boolean;
  marks?: ReadonlyMap<string, Mark>;
  /** A drawn outline, a wall's two ends, or one place. */
  onDrawn?: (points: Point[]) => void;
  say: (text: string) => void;
  where: (p: Point) => string;
  metres: (m: number) => string;
}) {
  const { drawing, frame, say, where } = props;
  const t = useTexts(drawTexts);
  const id = useId();
  const svg = useRef<SVGSVGElement>(null);
  const view = useView(svg, frame);
  const [draft, setDraft] = useState<readonly Point[]>([]);
  const [cursor, setCursor] = useState<Snapped>();
  const [hold, setHold] = useState<Hold>();
  const tool = props.readOnly ? "select" : drawing.tool;
  const draws = tool === "zone" || tool === "wall";
  const pull = (e: { altKey: boolean }) => (e.altKey ? 0 : pullPixels * view.px);

  // Another tool begins anew; the crosshair of the keys starts in the middle.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the tool matters
  useEffect(() => {
    setDraft([]);
    setCursor(undefined);
    setHold(undefined);
  }, [tool]);

  const finish = useCallback(
    (points: readonly Point[]) => {
      setDraft([]);
      props.onDrawn?.([...points]);
    },
    [props.onDrawn],
  );

  /** Takes one more place for what is being drawn. */
  const add = (p: Point, closes: boolean) => {
    if (tool === "zone") {
      if (closes && draft.length >= 3) return finish(draft);
      const last = draft.at(-1);
      if (last && distance(last, p) === 0) return;
      setDraft([...draft, p]);
      say(t("said.corner", { n: draft.length + 1, at: where(p) }));
    } else if (tool === "wall") {
      if (draft.length === 0) {
        setDraft([p]);
        say(t("said.corner", { n: 1, at: where(p) }));
      } else finish([...draft, p]);
    } else finish([p]);
  };

  const onPointerDown = (e: PointerEvent<SVGSVGElement>) => {
    if (e.button === 1) e.preventDefault();
    else if (e.button !== 0) return;
    const at = view.at(e.clientX, e.clientY);
    if (tool !== "select" && e.button === 0) {
      const s = snapDraft(at, e);
      const first = draft[0];
      add(settle(s.at, frame), first !== undefined && distance(first, at) <= pullPixels * view.px);
      return;
    }
    const h: Hold =
      e.button === 1
        ? { what: "surface", x: e.clientX, y: e.clientY }
        : holdOf(e.target, e.clientX, e.clientY, at, drawing.doc);
    if (h.what === "thing") drawing.select(h.key);
    e.currentTarget.setPointerCapture(e.pointerId);
    setHold(props.readOnly && h.what !== "surface" ? undefined : h);
  };

  const snapDraft = (at: Point, e: { altKey: boolean }): Snapped =>
    snap(
      at,
      targetsFor(drawing.doc, undefined, draws ? draft : []),
      tool === "entrance" || draws ? pull(e) : 0,
    );

  const onPointerMove = (e: PointerEvent<SVGSVGElement>) => {
    const at = view.at(e.clientX, e.clientY);
    if (!hold) {
      if (tool !== "select") setCursor(snapDraft(at, e));
      return;
    }
    if (hold.what === "surface") {
      view.pan((hold.x - e.clientX) * view.px, (hold.y - e.clientY) * view.px);
      setHold({ ...hold, x: e.clientX, y: e.clientY });
      return;
    }
    const next = dragged(drawing.doc, hold, at, frame, pull(e));
    setHold(next.hold);
    setCursor(next.snapped?.to === "none" ? undefined : next.snapped);
    drawing.change(next.doc, `drag ${e.pointerId}`);
  };

  const onPointerUp = () => {
    if (hold) drawing.settle();
    setHold(undefined);
    setCursor(undefined);
  };

  const onKeyDown = (e: KeyboardEvent<SVGSVGElement>) => {
    if (e.target !== e.currentTarget) return;
    const by = arrows[e.key];
    const here = cursor?.at ?? draft.at(-1) ?? [frame.w / 2, frame.h / 2];
    if (e.key === "+" || e.key === "=") view.zoom(1.3);
    else if (e.key === "-") view.zoom(1 / 1.3);
    else if (e.key === "0") view.fit();
    else if (by && tool === "select") view.pan(by[0] * 40 * view.px, by[1] * 40 * view.px);
    else if (by) {
      const n = frame.step * (e.shiftKey ? 10 : 1);
      const at = settle([here[0] + by[0] * n, here[1] + by[1] * n], frame);
      setCursor({ at, to: "none" });
      say(where(at));
    } else if (tool === "select") return;
    else if (e.key === " ") {
      const at = settle(here, frame);
      setCursor({ at, to: "none" });
      add(at, false);
    } else if (e.key === "Enter") {
      if (tool === "zone" && draft.length >= 3) finish(draft);
      else if (tool === "zone") say(t("said.three"));
      else add(settle(here, frame), false);
    } else if (
      e.key === "Backspace" ||
      (e.key.toLowerCase() === "z" && (e.ctrlKey || e.metaKey) && draft.length > 0)
    ) {
      setDraft(draft.slice(0, -1));
      say(t("said.back", { n: Math.max(0, draft.length - 1) }));
    } else if (e.key === "Escape") {
      if (draft.length > 0) setDraft([]);
      else drawing.take("select");
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };

  const { box, px } = view;
  const hatch = `${id}-hatch`;
  const chosen = drawing.selected;
  return (
    <div className="canvas-box">
      <svg
        ref={svg}
        className={`canvas ${tool !== "select" ? "drawing" : ""}`}
        viewBox={`${box.x} ${box.y} ${box.w} ${box.h}`}
        style={{ aspectRatio: `${frame.w} / ${frame.h}` }}
        role="application"
        aria-label={props.label}
        aria-describedby={`${id}-keys`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys draw on it
        tabIndex={0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
        onKeyDown={onKeyDown}
      >
        <defs>
          <pattern id={hatch} width={10 * px} height={10 * px} patternUnits="userSpaceOnUse">
            <path className="hatch-line" d={`M0 ${10 * px}L${10 * px} 0`} />
          </pattern>
          <pattern id={`${id}-grid`} width={1} height={1} patternUnits="userSpaceOnUse">
            <path className="grid-line" d="M1 0H0V1" />
          </pattern>
        </defs>
        <rect className="ground" width={frame.w} height={frame.h} />
        {props.picture ? (
          <image href={props.picture} width={frame.w} height={frame.h} preserveAspectRatio="none" />
        ) : null}
        {props.grid && frame.w / box.w < 12 && box.w < 120 ? (
          <rect className="grid" width={frame.w} height={frame.h} fill={`url(#${id}-grid)`} />
        ) : null}
        {drawing.doc.map((item) => (
          <Shape
            key={item.key}
            item={item}
            px={px}
            selected={chosen?.key === item.key}
            mark={props.marks?.get(item.key)}
            hatch={hatch}
          />
        ))}
        <Pairs doc={drawing.doc} px={px} metres={props.metres} />
        <Labels doc={drawing.doc} px={px} seen={box} chosen={chosen?.key} marks={props.marks} />
        {chosen && tool === "select" && !props.readOnly ? (
          <Handles
            key={chosen.key}
            item={chosen}
            px={px}
            frame={frame}
            t={t}
            say={say}
            where={where}
            change={drawing.change}
            held={hold?.what === "corner" ? hold.corner : undefined}
            leave={() => {
              drawing.settle();
              svg.current?.focus();
            }}
          />
        ) : null}
        <Draft
          points={draft}
          cursor={cursor}
          px={px}
          open={tool === "zone"}
          shown={tool !== "select" || !!hold}
        />
      </svg>
      <p id={`${id}-keys`} className="hidden">
        {t(tool === "select" ? "keys.select" : draws ? "keys.draw" : "keys.place")}
      </p>
      <ViewTools view={view} t={t} />
      {tool === "zone" && draft.length > 0 ? (
        <div className="canvas-draft">
          <button type="button" className="small" disabled={draft.length < 3} onClick={() => finish(draft)}>
            {t("draft.close", { n: draft.length })}
          </button>
          <button type="button" className="small" onClick={() => setDraft([])}>
            {t("draft.cancel")}
          </button>
        </div>
      ) : null}
    </div>
  );
}
