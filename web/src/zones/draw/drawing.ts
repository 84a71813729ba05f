import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { begin, canRedo, canUndo, type History, redo, settleStep, step, undo } from "./history";
import { type Doc, find, type Item } from "./items";

/** What the next press on the surface does. */
export type Tool = "select" | "zone" | "wall" | "entrance" | "sign" | "camera";

/** A document that is edited: its history, what is chosen, and the tool in hand. */
export interface Drawing {
  doc: Doc;
  dirty: boolean;
  selected: Item | undefined;
  tool: Tool;
  canUndo: boolean;
  canRedo: boolean;
  change: (next: Doc | ((now: Doc) => Doc), gesture?: string) => void;
  /** Ends a gesture, so that the next change is undone by itself. */
  settle: () => void;
  undo: () => void;
  redo: () => void;
  select: (key: string | undefined) => void;
  take: (tool: Tool) => void;
  /** Starts over from what the server has now. */
  reset: (doc: Doc) => void;
}

export function useDrawing(initial: Doc): Drawing {
  const [start, setStart] = useState(initial);
  const [history, setHistory] = useState<History<Doc>>(() => begin(initial));
  const [key, setKey] = useState<string>();
  const [tool, setTool] = useState<Tool>("select");
  const change = useCallback<Drawing["change"]>(
    (next, gesture) => setHistory((h) => step(h, typeof next === "function" ? next(h.now) : next, gesture)),
    [],
  );
  const acts = useMemo(
    () => ({
      settle: () => setHistory(settleStep),
      undo: () => setHistory(undo),
      redo: () => setHistory(redo),
      reset: (doc: Doc) => {
        setStart(doc);
        setHistory(begin(doc));
      },
    }),
    [],
  );
  const take = useCallback((next: Tool) => {
    setTool(next);
    if (next !== "select") setKey(undefined);
  }, []);
  return {
    doc: history.now,
    dirty: history.now !== start,
    selected: key === undefined ? undefined : find(history.now, key),
    tool,
    canUndo: canUndo(history),
    canRedo: canRedo(history),
    change,
    select: setKey,
    take,
    ...acts,
  };
}

/**
 * Lets a drawing follow what the server has, as long as nobody drew: then it
 * stays as it is. Call what is returned once a change was saved; the next
 * state of the server is then taken as it is.
 */
export function useFollow(drawing: Drawing, base: Doc): () => void {
  const last = useRef(base);
  const saved = useRef(false);
  const { doc, reset } = drawing;
  useEffect(() => {
    if (last.current === base) return;
    const untouched = JSON.stringify(doc) === JSON.stringify(last.current);
    last.current = base;
    if (untouched || saved.current) reset(base);
    saved.current = false;
  }, [base, doc, reset]);
  return useCallback(() => {
    saved.current = true;
  }, []);
}
