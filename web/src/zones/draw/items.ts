import { distance, type Frame, type Point, settle } from "./geometry";

export type ZoneKind = "recognition" | "signage" | "prohibited" | "privacy";
export type SignKind = "monitoring" | "face_recognition" | "entrance_notice" | "floor_marking";

/** One thing on the surface: outlines have 3 corners or more, walls 2, all else has one place. */
export interface Item {
  /** Unique on the surface, such as "zone door" or "wall 3". */
  readonly key: string;
  readonly type: "zone" | "wall" | "entrance" | "sign" | "camera";
  /** The id on the server, or the one that a new thing is to have. */
  readonly id: string;
  readonly name: string;
  readonly points: readonly Point[];
  readonly zoneKind?: ZoneKind;
  readonly signKind?: SignKind;
  /** Of an entrance or a sign: whose it is. */
  readonly zone?: string;
  readonly entrance?: string;
  /** Of a camera: which way it looks (degrees, clockwise, 0 to the right), how wide, how far. */
  readonly aim?: { readonly direction: number; readonly angle: number; readonly reach: number };
  /** Seen but not changed here. */
  readonly fixed?: boolean;
}

export type Doc = readonly Item[];

export const find = (doc: Doc, key: string): Item | undefined => doc.find((i) => i.key === key);

export function put(doc: Doc, item: Item): Doc {
  return doc.some((i) => i.key === item.key)
    ? doc.map((i) => (i.key === item.key ? item : i))
    : [...doc, item];
}

export const drop = (doc: Doc, key: string): Doc => doc.filter((i) => i.key !== key);

/** Moves one corner; the document itself when nothing moves. */
export function moveCorner(doc: Doc, key: string, corner: number, to: Point, f: Frame): Doc {
  const item = find(doc, key);
  const at = item?.points[corner];
  if (!item || !at || item.fixed) return doc;
  const next = settle(to, f);
  if (distance(at, next) === 0) return doc;
  return put(doc, { ...item, points: item.points.map((p, i) => (i === corner ? next : p)) });
}

/** Moves a thing as a whole, no further than the frame. */
export function moveItem(doc: Doc, key: string, by: Point, f: Frame): Doc {
  const item = find(doc, key);
  if (!item || item.fixed || item.points.length === 0) return doc;
  const xs = item.points.map((p) => p[0]);
  const ys = item.points.map((p) => p[1]);
  const dx = Math.min(Math.max(by[0], -Math.min(...xs)), f.w - Math.max(...xs));
  const dy = Math.min(Math.max(by[1], -Math.min(...ys)), f.h - Math.max(...ys));
  const points = item.points.map((p) => settle([p[0] + dx, p[1] + dy], f));
  if (points.every((p, i) => distance(p, item.points[i] as Point) === 0)) return doc;
  return put(doc, { ...item, points });
}

/** Adds a corner in the middle of the edge after `corner`. */
export function insertCorner(doc: Doc, key: string, corner: number, f: Frame, at?: Point): Doc {
  const item = find(doc, key);
  const a = item?.points[corner];
  if (!item || !a || item.type !== "zone" || item.fixed) return doc;
  const b = item.points[(corner + 1) % item.points.length] as Point;
  const p = settle(at ?? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], f);
  return put(doc, { ...item, points: item.points.toSpliced(corner + 1, 0, p) });
}

/** Takes a corner away; an outline keeps three. */
export function removeCorner(doc: Doc, key: string, corner: number): Doc {
  const item = find(doc, key);
  if (!item || item.fixed || item.type !== "zone" || item.points.length <= 3 || !item.points[corner])
    return doc;
  return put(doc, { ...item, points: item.points.toSpliced(corner, 1) });
}

/** The first id of the form noun-1, noun-2 … that is not taken. */
export function freeID(noun: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) if (!taken.includes(`${noun}-${n}`)) return `${noun}-${n}`;
}

export const idPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** How far the two signs of one entrance may stand apart, in metres (policy.maxSignPair). */
export const pairDistance = 1.5;

/** What an entrance lacks by its signs on this surface. */
export function entranceLacks(doc: Doc, id: string, recorded: boolean): "sign" | "pair" | undefined {
  const at = (kind: SignKind) =>
    doc.filter((i) => i.type === "sign" && i.entrance === id && i.signKind === kind).map((i) => i.points[0]);
  const faces = at("face_recognition");
  if (faces.length === 0) return "sign";
  if (!recorded) return undefined;
  const near = faces.some((a) =>
    at("monitoring").some((b) => a && b && distance(a, b) <= pairDistance + 1e-3),
  );
  return near ? undefined : "pair";
}
