/** What can be undone and done again. Immutable: every step gives a new history. */
export interface History<D> {
  readonly past: readonly D[];
  readonly now: D;
  readonly future: readonly D[];
  /** What the newest step was, so that one gesture of many small steps is one. */
  readonly gesture: string;
}

/** How many steps can be undone. */
export const depth = 200;

export function begin<D>(now: D): History<D> {
  return { past: [], now, future: [], gesture: "" };
}

/**
 * Takes a step. Steps in a row with the same gesture, such as the moves of one
 * drag, are undone together; an empty gesture stands alone.
 */
export function step<D>(h: History<D>, now: D, gesture = ""): History<D> {
  if (Object.is(now, h.now)) return h;
  if (gesture !== "" && gesture === h.gesture) return { ...h, now, future: [] };
  return { past: [...h.past, h.now].slice(-depth), now, future: [], gesture };
}

/** Ends a gesture: what follows is a step of its own. */
export function settleStep<D>(h: History<D>): History<D> {
  return h.gesture === "" ? h : { ...h, gesture: "" };
}

export function undo<D>(h: History<D>): History<D> {
  const before = h.past.at(-1);
  if (before === undefined) return h;
  return { past: h.past.slice(0, -1), now: before, future: [h.now, ...h.future], gesture: "" };
}

export function redo<D>(h: History<D>): History<D> {
  const [next, ...rest] = h.future;
  if (next === undefined) return h;
  return { past: [...h.past, h.now], now: next, future: rest, gesture: "" };
}

export const canUndo = (h: History<unknown>): boolean => h.past.length > 0;
export const canRedo = (h: History<unknown>): boolean => h.future.length > 0;
