import { useEffect, useRef, useState } from "react";

/** After how many seconds without a touch a screen starts over, and how long it warns before. */
export const limits = { after: 60, warn: 15, waiting: 300 } as const;

/** Seconds until the screen starts over, once they are few; undefined before. */
export function left(idleFor: number, after: number, warn: number): number | undefined {
  const rest = Math.ceil((after * 1000 - idleFor) / 1000);
  return rest > warn ? undefined : Math.max(0, rest);
}

const touches = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

/**
 * Counts down when nobody touches the screen. Once it warns, only `stay` goes on:
 * a stray touch does not answer for somebody who has left.
 */
export function useIdle(on: boolean, after: number, onEnd: () => void) {
  const [rest, setRest] = useState<number>();
  const touched = useRef(0);
  const warned = useRef(false);
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  }, [onEnd]);
  useEffect(() => {
    touched.current = performance.now();
    warned.current = false;
    setRest(undefined);
    if (!on) return;
    const touch = () => {
      if (!warned.current) touched.current = performance.now();
    };
    for (const t of touches) addEventListener(t, touch, { passive: true });
    const timer = setInterval(() => {
      const n = left(performance.now() - touched.current, after, limits.warn);
      warned.current = n !== undefined;
      setRest(n);
      if (n === 0) end.current();
    }, 500);
    return () => {
      clearInterval(timer);
      for (const t of touches) removeEventListener(t, touch);
    };
  }, [on, after]);
  const stay = () => {
    touched.current = performance.now();
    warned.current = false;
    setRest(undefined);
  };
  return { rest, stay };
}
