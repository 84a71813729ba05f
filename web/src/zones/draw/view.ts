import { type RefObject, useCallback, useEffect, useMemo, useState } from "react";
import type { Frame, Point } from "./geometry";

interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** The part of the surface that is in sight. */
export interface View {
  box: Box;
  /** Units of the surface to a pixel of the screen. */
  px: number;
  zoom: (factor: number, at?: Point) => void;
  pan: (dx: number, dy: number) => void;
  fit: () => void;
  /** Where on the surface a place of the window is. */
  at: (clientX: number, clientY: number) => Point;
}

/** Room around the surface, as a part of it. */
const margin = 0.04;
const closest = 24;

/** What of the surface is in sight, and the wheel with Ctrl that brings it nearer. */
export function useView(svg: RefObject<SVGSVGElement | null>, f: Frame): View {
  const whole = useMemo<Box>(
    () => ({ x: -f.w * margin, y: -f.h * margin, w: f.w * (1 + 2 * margin), h: f.h * (1 + 2 * margin) }),
    [f.w, f.h],
  );
  const [seen, setSeen] = useState<{ of: Box; box: Box }>({ of: whole, box: whole });
  const box = seen.of === whole ? seen.box : whole; // another surface begins as a whole
  const [size, setSize] = useState({ w: 800, h: 450 });
  useEffect(() => {
    const el = svg.current;
    if (!el) return;
    const watch = new ResizeObserver(() => {
      const r = el.getBoundingClientRect();
      if (r.width > 0 && r.height > 0) setSize({ w: r.width, h: r.height });
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, [svg]);
  const set = useCallback(
    (f2: (b: Box) => Box) =>
      setSeen((s) => ({ of: whole, box: hold(f2(s.of === whole ? s.box : whole), whole) })),
    [whole],
  );
  const zoom = useCallback<View["zoom"]>(
    (factor, at) =>
      set((b) => {
        const w = Math.min(Math.max(b.w / factor, whole.w / closest), whole.w);
        const k = w / b.w;
        const [cx, cy] = at ?? [b.x + b.w / 2, b.y + b.h / 2];
        return { x: cx - (cx - b.x) * k, y: cy - (cy - b.y) * k, w, h: b.h * k };
      }),
    [set, whole],
  );
  const pan = useCallback<View["pan"]>((dx, dy) => set((b) => ({ ...b, x: b.x + dx, y: b.y + dy })), [set]);
  const fit = useCallback(() => set(() => whole), [set, whole]);
  const at = useCallback<View["at"]>(
    (clientX, clientY) => {
      const m = svg.current?.getScreenCTM();
      if (!m) return [0, 0];
      const p = new DOMPoint(clientX, clientY).matrixTransform(m.inverse());
      return [p.x, p.y];
    },
    [svg],
  );
  // React listens to wheels passively, which could not keep the page from scrolling.
  useEffect(() => {
    const el = svg.current;
    const onWheel = (e: WheelEvent) => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      zoom(Math.exp(-e.deltaY / 300), at(e.clientX, e.clientY));
    };
    el?.addEventListener("wheel", onWheel, { passive: false });
    return () => el?.removeEventListener("wheel", onWheel);
  }, [svg, zoom, at]);
  return { box, px: Math.max(box.w / size.w, box.h / size.h), zoom, pan, fit, at };
}

/** The box moved so that it shows as much of the whole as it can. */
function hold(b: Box, whole: Box): Box {
  return {
    ...b,
    x: Math.min(Math.max(b.x, whole.x), whole.x + whole.w - b.w),
    y: Math.min(Math.max(b.y, whole.y), whole.y + whole.h - b.h),
  };
}
