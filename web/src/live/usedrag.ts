import { type PointerEvent, useCallback, useEffect, useRef, useState } from "react";

const slop = 6; // px: less than this is a press, not a drag

/** What is being dragged, and over which camera's tile it is. */
export interface Drag {
  id: string;
  over: string;
}

/**
 * Drags tiles by pointer: mouse, pen and finger alike. `onDrop` is told which
 * tile was let go over which other one. Escape gives the drag up.
 */
export function useDrag(onDrop: (id: string, over: string) => void) {
  const [drag, setDrag] = useState<Drag>();
  const stop = useRef<() => void>(undefined);
  useEffect(() => () => stop.current?.(), []);
  const begin = useCallback(
    (e: PointerEvent, id: string) => {
      if (e.button !== 0 || stop.current) return;
      const from = { x: e.clientX, y: e.clientY };
      const pointer = e.pointerId;
      let over = "";
      const move = (m: globalThis.PointerEvent) => {
        if (m.pointerId !== pointer) return;
        if (!over && Math.hypot(m.clientX - from.x, m.clientY - from.y) < slop) return;
        const tile = document.elementFromPoint(m.clientX, m.clientY)?.closest<HTMLElement>("[data-camera]");
        over = tile?.dataset.camera || over || id;
        setDrag({ id, over });
      };
      const end = (m: globalThis.PointerEvent) => {
        if (m.pointerId !== pointer) return;
        stop.current?.();
        if (m.type === "pointerup" && over && over !== id) onDrop(id, over);
      };
      const key = (k: KeyboardEvent) => {
        if (k.key === "Escape") stop.current?.();
      };
      stop.current = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        removeEventListener("pointercancel", end);
        removeEventListener("keydown", key, true);
        stop.current = undefined;
        setDrag(undefined);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
      addEventListener("keydown", key, true);
      e.preventDefault(); // no text is selected while dragging
    },
    [onDrop],
  );
  return { drag, begin };
}
