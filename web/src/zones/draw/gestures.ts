import { bearing, distance, type Frame, type Point, settle } from "./geometry";
import { type Doc, find, type Item, insertCorner, moveCorner, moveItem, put } from "./items";
import { type Snapped, snap, type Targets } from "./snap";

/** What the pointer holds. */
export type Hold =
  | { what: "surface"; x: number; y: number }
  | { what: "corner"; key: string; corner: number }
  | { what: "middle"; key: string; corner: number }
  | { what: "aim"; key: string }
  | { what: "thing"; key: string; from: Point; start: Doc };

/** What lies under the pointer, by the marks on the drawing. */
export function holdOf(target: EventTarget | null, x: number, y: number, at: Point, doc: Doc): Hold {
  const d = target instanceof SVGElement ? target.dataset : {};
  const key = d.key;
  if (!key) return { what: "surface", x, y };
  if (d.corner !== undefined) return { what: "corner", key, corner: Number(d.corner) };
  if (d.middle !== undefined) return { what: "middle", key, corner: Number(d.middle) };
  if (d.aim !== undefined) return { what: "aim", key };
  return { what: "thing", key, from: at, start: doc };
}

/** What a corner may snap to: everything but itself, and right angles with its neighbours. */
export function targetsFor(
  doc: Doc,
  held?: { key: string; corner: number },
  draft: readonly Point[] = [],
): Targets {
  const corners: Point[] = [...draft];
  const edges: [Point, Point][] = [];
  for (const item of doc) {
    const n = item.points.length;
    const closed = item.type === "zone";
    item.points.forEach((p, i) => {
      const mine = held?.key === item.key;
      if (!(mine && held.corner === i)) corners.push(p);
      if (n < 2 || (!closed && i === n - 1)) return;
      const j = (i + 1) % n;
      if (mine && (held.corner === i || held.corner === j)) return;
      edges.push([p, item.points[j] as Point]);
    });
  }
  const around = held ? neighbours(find(doc, held.key), held.corner) : {};
  return {
    points: corners,
    edges,
    before: draft.at(-1),
    beforeThat: draft.at(-2),
    ...around,
  };
}

function neighbours(item: Item | undefined, corner: number): Partial<Targets> {
  if (!item || item.points.length < 2) return {};
  const n = item.points.length;
  const at = (i: number) => item.points[((i % n) + n) % n];
  if (item.type !== "zone") return { before: at(corner + 1) };
  return {
    before: at(corner - 1),
    beforeThat: at(corner - 2),
    after: at(corner + 1),
    afterThat: at(corner + 2),
  };
}

/** The document after the pointer moved to a place with what it holds, and where that snapped. */
export function dragged(
  doc: Doc,
  hold: Hold,
  at: Point,
  f: Frame,
  pull: number,
): { doc: Doc; snapped?: Snapped; hold: Hold } {
  switch (hold.what) {
    case "surface":
      return { doc, hold };
    case "middle": {
      // The first pull makes the corner; from then on it is a corner like others.
      const next = insertCorner(doc, hold.key, hold.corner, f, at);
      return { doc: next, hold: { what: "corner", key: hold.key, corner: hold.corner + 1 } };
    }
    case "corner": {
      const snapped = snap(at, targetsFor(doc, hold), pull);
      return { doc: moveCorner(doc, hold.key, hold.corner, snapped.at, f), snapped, hold };
    }
    case "aim": {
      const item = find(doc, hold.key);
      const from = item?.points[0];
      if (!item?.aim || !from || item.fixed) return { doc, hold };
      const reach = Math.round(Math.min(Math.max(distance(from, at), 0.5), 500) * 10) / 10;
      const direction = Math.round(bearing(from, at)) % 360;
      return { doc: put(doc, { ...item, aim: { ...item.aim, direction, reach } }), hold };
    }
    case "thing": {
      const item = find(hold.start, hold.key);
      const first = item?.points[0];
      if (!item || !first) return { doc, hold };
      const by: Point = [at[0] - hold.from[0], at[1] - hold.from[1]];
      if (item.points.length > 1) {
        const moved = find(moveItem(hold.start, hold.key, by, f), hold.key);
        return { doc: moved ? put(doc, moved) : doc, hold };
      }
      const snapped = snap(
        [first[0] + by[0], first[1] + by[1]],
        targetsFor(doc, { key: hold.key, corner: 0 }),
        pull,
      );
      // Two marks in one place could not be told apart: places snap to lines only.
      const to = snapped.to === "corner" ? ([first[0] + by[0], first[1] + by[1]] as const) : snapped.at;
      return { doc: moveCorner(doc, hold.key, 0, settle(to, f), f), snapped, hold };
    }
  }
}
