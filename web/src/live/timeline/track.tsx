import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Recording } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { draw, type Palette, palette, rowHeight, rulerHeight } from "./draw";
import { type Row, recordingAt } from "./marks";
import { panned, type Span, type Tick, ticks, zoomed } from "./scale";
import { timelineTexts } from "./texts";

/** A camera and an instant. */
export interface Cursor {
  camera: string;
  at: number;
}

const perLabel = 92; // px

/** The timeline: seen as bars and marks, heard as a slider. */
export function Track(props: {
  span: Span;
  bounds: Span;
  rows: readonly Row[];
  recordings: readonly Recording[];
  cursor: Cursor | undefined;
  range: Partial<Span>;
  nameOf: (id: string) => string;
  onSpan: (s: Span) => void;
  onSeek: (c: Cursor) => void;
  onKey: (e: KeyboardEvent) => boolean; // whether the key was used
}) {
  const { span, bounds, rows, recordings, cursor, range, nameOf, onSpan, onSeek } = props;
  const w = useWords();
  const t = useTexts(timelineTexts);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const label = useLabels(w.lang);
  const colours = useColours();
  const height = rulerHeight + rows.length * rowHeight;

  useLayoutEffect(() => {
    const c = canvas.current;
    const g = c?.getContext("2d");
    if (!c || !g || width === 0) return;
    c.width = Math.round(width * devicePixelRatio);
    c.height = Math.round(height * devicePixelRatio);
    g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const wanted = Math.max(2, Math.floor(width / perLabel));
    draw(g, width, { span, rows, recordings, cursor, range, ticks: ticks(span, wanted), label }, colours(c));
  });

  const { down, move, up } = usePointer(props, canvas);
  useWheel(canvas, span, bounds, onSpan);
  const what = (c: Cursor) => {
    const r = recordingAt(recordings, c.camera, c.at);
    return t(r && Date.parse(r.from) <= c.at ? "tl.recorded" : "tl.nothing");
  };
  const value = cursor
    ? t("tl.value", {
        camera: nameOf(cursor.camera),
        time: w.time(new Date(cursor.at).toISOString()),
        what: what(cursor),
      })
    : t("play.choose");
  return (
    <div className="tl">
      <ul className="tl-names" aria-hidden="true">
        {rows.map((r) => (
          <li key={r.camera} className={r.camera === cursor?.camera ? "on" : ""}>
            {nameOf(r.camera)}
          </li>
        ))}
      </ul>
      <div
        className="tl-track"
        role="slider"
        tabIndex={0}
        aria-label={t("tl.label")}
        aria-description={t("tl.keys")}
        aria-valuemin={Math.round(bounds.from / 1000)}
        aria-valuemax={Math.round(bounds.to / 1000)}
        aria-valuenow={Math.round((cursor?.at ?? bounds.to) / 1000)}
        aria-valuetext={value}
        onKeyDown={(e) => {
          if (props.onKey(e)) return e.preventDefault();
          keys(e, props, onSeek);
        }}
      >
        <canvas
          ref={canvas}
          style={{ height }}
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={up}
        />
      </div>
    </div>
  );
}

/** Arrow keys: a fiftieth of what is shown, with Shift a fifth. */
function keys(
  e: KeyboardEvent,
  p: {
    span: Span;
    bounds: Span;
    rows: readonly Row[];
    recordings: readonly Recording[];
    cursor: Cursor | undefined;
  },
  onSeek: (c: Cursor) => void,
): void {
  const camera = p.cursor?.camera ?? p.rows[0]?.camera;
  if (camera === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
  const at = p.cursor?.at ?? p.span.to;
  const by = (p.span.to - p.span.from) / (e.shiftKey ? 5 : 50);
  const clamp = (n: number) => Math.max(p.bounds.from, Math.min(p.bounds.to, n));
  const row = p.rows.findIndex((r) => r.camera === camera);
  const own = p.recordings.filter((r) => r.camera === camera);
  const to: Record<string, Cursor | undefined> = {
    ArrowLeft: { camera, at: clamp(at - by) },
    ArrowRight: { camera, at: clamp(at + by) },
    ArrowUp: { camera: p.rows[Math.max(0, row - 1)]?.camera ?? camera, at },
    ArrowDown: { camera: p.rows[Math.min(p.rows.length - 1, row + 1)]?.camera ?? camera, at },
    Home: { camera, at: Math.min(p.bounds.to, ...own.map((r) => Date.parse(r.from))) },
    End: { camera, at: Math.max(p.bounds.from, ...own.map((r) => Date.parse(r.to) - 1000)) },
  };
  const next = to[e.key];
  if (!next) return;
  e.preventDefault();
  onSeek(next);
}

/** A press on a row seeks, also while it is held; a drag of the ruler moves the stretch. */
function usePointer(
  p: {
    span: Span;
    bounds: Span;
    rows: readonly Row[];
    onSeek: (c: Cursor) => void;
    onSpan: (s: Span) => void;
  },
  canvas: React.RefObject<HTMLCanvasElement | null>,
) {
  const held = useRef<{ camera: string; x: number }>(undefined);
  const place = (e: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return undefined;
    const row = Math.floor((e.clientY - box.top - rulerHeight) / rowHeight);
    const share = (e.clientX - box.left) / box.width;
    return {
      camera: e.clientY - box.top < rulerHeight ? "" : (p.rows[row]?.camera ?? ""),
      at: p.span.from + share * (p.span.to - p.span.from),
      x: share,
    };
  };
  return {
    down: (e: PointerEvent<HTMLCanvasElement>) => {
      const at = place(e);
      if (!at || e.button !== 0) return;
      e.currentTarget.setPointerCapture(e.pointerId);
      held.current = { camera: at.camera, x: at.x };
      if (at.camera) p.onSeek({ camera: at.camera, at: at.at });
    },
    move: (e: PointerEvent<HTMLCanvasElement>) => {
      const at = held.current && place(e);
      if (!at || !held.current) return;
      if (held.current.camera) {
        p.onSeek({ camera: held.current.camera, at: Math.max(p.bounds.from, Math.min(p.bounds.to, at.at)) });
      } else {
        p.onSpan(panned(p.span, held.current.x - at.x, p.bounds));
        held.current.x = at.x;
      }
    },
    up: () => {
      held.current = undefined;
    },
  };
}

function useWheel(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  span: Span,
  bounds: Span,
  onSpan: (s: Span) => void,
): void {
  useEffect(() => {
    const c = canvas.current;
    if (!c) return;
    const onWheel = (e: WheelEvent) => {
      e.preventDefault();
      const box = c.getBoundingClientRect();
      if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        onSpan(panned(span, (e.deltaX || e.deltaY) / box.width, bounds));
        return;
      }
      const at = span.from + ((e.clientX - box.left) / box.width) * (span.to - span.from);
      onSpan(zoomed(span, 1.0015 ** e.deltaY, at, bounds));
    };
    c.addEventListener("wheel", onWheel, { passive: false });
    return () => c.removeEventListener("wheel", onWheel);
  }, [canvas, span, bounds, onSpan]);
}

function useWidth(canvas: React.RefObject<HTMLCanvasElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const box = canvas.current?.parentElement;
    if (!box) return;
    const seen = new ResizeObserver(() => setWidth(box.clientWidth));
    seen.observe(box);
    return () => seen.disconnect();
  }, [canvas]);
  return width;
}

/** The theme's colours, asked for anew when the theme has changed. */
function useColours(): (of: HTMLElement) => Palette {
  const kept = useRef<{ theme: string; palette: Palette }>(undefined);
  const [, drawAgain] = useState(0);
  useEffect(() => {
    const changed = () => drawAgain((n) => n + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    const chosen = new MutationObserver(changed);
    system.addEventListener("change", changed);
    chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      system.removeEventListener("change", changed);
      chosen.disconnect();
    };
  }, []);
  return (of) => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const theme = `${document.documentElement.dataset.theme} ${dark}`;
    if (kept.current?.theme !== theme) kept.current = { theme, palette: palette(of) };
    return kept.current.palette;
  };
}

/** Writes a tick's time as the reader's language does. */
function useLabels(lang: string): (t: Tick) => string {
  const [forms] = useState(() => new Map<string, Intl.DateTimeFormat>());
  return (tick) => {
    const key = `${lang} ${tick.unit}`;
    let form = forms.get(key);
    if (!form) {
      form = new Intl.DateTimeFormat(
        lang,
        tick.unit === "day"
          ? { month: "short", day: "numeric" }
          : {
              hour: "2-digit",
              minute: "2-digit",
              hourCycle: "h23",
              ...(tick.unit === "second" ? { second: "2-digit" as const } : {}),
            },
      );
      forms.set(key, form);
    }
    return form.format(tick.at);
  };
}
