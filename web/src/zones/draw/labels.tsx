import { memo, useMemo } from "react";
import { centre, type Point } from "./geometry";
import type { Doc, Item } from "./items";
import type { Mark } from "./marks";

const size = 13;
const line = 1.25 * size;

/** Pixels between a mark's middle and its name's, and half a mark with its line. */
const below = 24;
const above = -20;
const beside = 18;
const badge = 12;

/** A name that has room: its middle, and whether the mark's word stands below it. */
export interface Placed {
  item: Item;
  at: Point;
  word: boolean;
}

interface Seen {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** A rectangle in units of the surface: left, top, right, bottom. */
type Box = readonly [number, number, number, number];

/**
 * The names that can be read at this scale, none above another or a mark: the chosen
 * thing's, then those that something is wrong with, then as they stand in the
 * document. A name that finds no room leaves out its mark's word first, then
 * itself; the list beside the surface has them all.
 */
export function placeLabels(
  doc: Doc,
  px: number,
  seen: Seen,
  chosen: string | undefined,
  marks: ReadonlyMap<string, Mark> | undefined,
): Placed[] {
  const rank = (i: Item): number => {
    if (i.key === chosen) return 0;
    const tone = marks?.get(i.key)?.tone;
    return tone === "bad" ? 1 : tone === "warn" ? 2 : i.type === "camera" ? 4 : 3;
  };
  const named = doc.filter(
    (i) => i.type !== "wall" && (i.type !== "sign" || i.key === chosen) && i.points[0],
  );
  const taken: { key: string; box: Box }[] = doc
    .filter((i) => i.type === "camera" || i.type === "entrance" || i.type === "sign")
    .flatMap((i) => i.points.map(([x, y]) => ({ key: i.key, box: around(x, y, badge * px) })));
  const placed: Placed[] = [];
  for (const item of named.toSorted((a, b) => rank(a) - rank(b))) {
    const mark = marks?.get(item.key);
    const found = (mark ? [mark, undefined] : [undefined])
      .flatMap((word) => spots(item, px).map((spot) => room(item, spot, word, px, seen)))
      .find(
        (p) => p && (item.key === chosen || !taken.some((t) => t.key !== item.key && meet(t.box, p.box))),
      );
    if (!found) continue;
    taken.push({ key: "", box: found.box });
    placed.push({ item, at: found.at, word: found.word });
  }
  return placed;
}

/** Where a name may stand: a place, and which side of it the name takes: -1 left, 0 both, 1 right. */
type Spot = readonly [x: number, y: number, side: -1 | 0 | 1];

/** The places for a thing's name, the best first. */
function spots(item: Item, px: number): Spot[] {
  if (item.type === "zone") {
    const [x, y] = centre(item.points);
    return [0, 2, -2, 4, -4].map((n) => [x, y + n * size * px, 0]);
  }
  const [x, y] = item.points[0] as Point;
  const two: Spot[] = [
    [x, y + below * px, 0],
    [x, y + above * px, 0],
  ];
  return [
    ...(item.type === "sign" ? two.toReversed() : two),
    [x + beside * px, y, 1],
    [x - beside * px, y, -1],
  ];
}

/** The name there, moved to the side as far as the edge asks; nothing where it is out of sight. */
function room(item: Item, [from, y, side]: Spot, mark: Mark | undefined, px: number, seen: Seen) {
  const half = (Math.max(wide(item.name), mark ? wide(`✓ ${mark.word}`) * 0.92 : 0) * px) / 2;
  const x = from + side * half;
  if (x < seen.x || x > seen.x + seen.w || y < seen.y || y > seen.y + seen.h) return undefined;
  const left = Math.max(seen.x + 2 * px, Math.min(x - half, seen.x + seen.w - 2 * half - 2 * px));
  const top = y - (size * px) / 2;
  const box: Box = [left, top, left + 2 * half, top + (mark ? size + line : size) * px];
  return { at: [left + half, y] as Point, word: mark !== undefined, box };
}

function around(x: number, y: number, r: number): Box {
  return [x - r, y - r, x + r, y + r];
}

/** About how many pixels a text is wide: Chinese characters are square. */
function wide(text: string): number {
  let n = 0;
  for (const c of text) n += c > "\u2e80" ? size : size * 0.6;
  return n;
}

function meet(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

const glyph = { good: "✓", warn: "!", bad: "✕" } as const;

/** The names above all things, and below each what is wrong: sign, colour and word together. */
export const Labels = memo(function Labels(props: {
  doc: Doc;
  px: number;
  seen: Seen;
  chosen: string | undefined;
  marks: ReadonlyMap<string, Mark> | undefined;
}) {
  const { doc, px, seen, chosen, marks } = props;
  const placed = useMemo(() => placeLabels(doc, px, seen, chosen, marks), [doc, px, seen, chosen, marks]);
  return placed.map(({ item, at, word }) => {
    const mark = word ? marks?.get(item.key) : undefined;
    return (
      <g key={item.key} data-label={item.key}>
        <text className="name" x={at[0]} y={at[1]} fontSize={size * px}>
          {item.name}
        </text>
        {mark ? (
          <text className={`mark ${mark.tone}`} x={at[0]} y={at[1] + line * px} fontSize={size * 0.92 * px}>
            {glyph[mark.tone]} {mark.word}
          </text>
        ) : null}
      </g>
    );
  });
});
