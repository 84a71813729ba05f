// Plane geometry of the editor, in the surface's own units: thousandths of the
// picture's width on a camera's picture, metres on a floor plan.

export type Point = readonly [x: number, y: number];

/** What is drawn on: its size, what an arrow key moves by, and what points are rounded to. */
export interface Frame {
  readonly w: number;
  readonly h: number;
  readonly step: number;
  readonly grain: number;
  /** The least area that an outline may enclose. */
  readonly least: number;
}

/** The frame of a camera's picture with this ratio of height to width. */
export function pictureFrame(ratio: number): Frame {
  const h = Math.round(10_000 * ratio) / 10;
  return { w: 1000, h, step: 1, grain: 0.1, least: 0.0005 * 1000 * h };
}

/** The frame of a floor plan in metres. */
export function planFrame(width: number, depth: number): Frame {
  return { w: width, h: depth, step: 0.1, grain: 0.01, least: Math.min(0.25, 0.01 * width * depth) };
}

export const maxCorners = 256;

export const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** The point rounded to the frame's grain and moved inside the frame. */
export function settle(p: Point, f: Frame): Point {
  return [within(round(p[0], f.grain), f.w), within(round(p[1], f.grain), f.h)];
}

const within = (v: number, max: number): number => Math.min(Math.max(v, 0), max);

function round(v: number, grain: number): number {
  const per = Math.round(1 / grain);
  return Math.round(v * per) / per;
}

/** The area with its sign: positive when the corners go clockwise on a screen. */
export function signedArea(points: readonly Point[]): number {
  let twice = 0;
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length] as Point;
    twice += p[0] * q[1] - q[0] * p[1];
  });
  return twice / 2;
}

export const area = (points: readonly Point[]): number => Math.abs(signedArea(points));

/** The middle of an outline, where its name goes. */
export function centre(points: readonly Point[]): Point {
  const a = signedArea(points);
  if (Math.abs(a) < 1e-9) return mean(points);
  let x = 0;
  let y = 0;
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length] as Point;
    const cross = p[0] * q[1] - q[0] * p[1];
    x += (p[0] + q[0]) * cross;
    y += (p[1] + q[1]) * cross;
  });
  return [x / (6 * a), y / (6 * a)];
}

function mean(points: readonly Point[]): Point {
  const n = Math.max(points.length, 1);
  return [points.reduce((s, p) => s + p[0], 0) / n, points.reduce((s, p) => s + p[1], 0) / n];
}

/** Whether a point lies inside an outline. */
export function contains(points: readonly Point[], p: Point): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const a = points[i] as Point;
    const b = points[j] as Point;
    if (a[1] > p[1] !== b[1] > p[1] && p[0] < ((b[0] - a[0]) * (p[1] - a[1])) / (b[1] - a[1]) + a[0])
      inside = !inside;
  }
  return inside;
}

/** The place on the segment a–b that is nearest to p. */
export function nearestOn(a: Point, b: Point, p: Point): Point {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const len = dx * dx + dy * dy;
  if (len === 0) return a;
  const t = Math.min(Math.max(((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / len, 0), 1);
  return [a[0] + t * dx, a[1] + t * dy];
}

/** What is wrong with an outline: the code, and which corners or edges are at fault (from 1). */
export interface Fault {
  code: "few" | "many" | "outside" | "same" | "crosses" | "small";
  i: number;
  j: number;
}

/**
 * What is wrong with an outline, in the order in which it should be mended. The
 * server checks the same (policy.CheckOutline): 3 to 256 corners inside the
 * frame, no edge that touches another than its neighbours at their common
 * corner, and some area; here it is a little more.
 */
export function faultOf(points: readonly Point[], f: Frame): Fault | undefined {
  const fault = (code: Fault["code"], i = 0, j = 0): Fault => ({ code, i: i + 1, j: j + 1 });
  const out = points.findIndex(([x, y]) => !(x >= 0 && x <= f.w && y >= 0 && y <= f.h));
  if (out >= 0) return fault("outside", out);
  if (points.length < 3) return fault("few");
  if (points.length > maxCorners) return fault("many");
  const same = points.findIndex((p, i) => distance(p, points[(i + 1) % points.length] as Point) === 0);
  if (same >= 0) return fault("same", same);
  const cross = crossing(points);
  if (cross) return fault("crosses", cross[0], cross[1]);
  if (area(points) < f.least) return fault("small");
  return undefined;
}

/** Two edges, by their first corners, that touch although they may not. */
export function crossing(points: readonly Point[], closed = true): [number, number] | undefined {
  const n = points.length;
  const edges = closed ? n : n - 1;
  const at = (i: number) => points[i % n] as Point;
  for (let i = 0; i < edges; i++) {
    for (let j = i + 1; j < edges; j++) {
      const bad =
        j === i + 1
          ? folds(at(i), at(i + 1), at(j + 1))
          : closed && (j + 1) % n === i
            ? folds(at(j), at(i), at(i + 1))
            : touch(at(i), at(i + 1), at(j), at(j + 1));
      if (bad) return [i, j];
    }
  }
  return undefined;
}

function turn(a: Point, b: Point, c: Point): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

/** Whether the edge b–c runs back along the edge a–b. */
function folds(a: Point, b: Point, c: Point): boolean {
  return turn(a, b, c) === 0 && (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0;
}

function touch(a: Point, b: Point, c: Point, d: Point): boolean {
  const abc = turn(a, b, c);
  const abd = turn(a, b, d);
  const cda = turn(c, d, a);
  const cdb = turn(c, d, b);
  if (abc !== abd && cda !== cdb) return true;
  return (
    (abc === 0 && between(a, b, c)) ||
    (abd === 0 && between(a, b, d)) ||
    (cda === 0 && between(c, d, a)) ||
    (cdb === 0 && between(c, d, b))
  );
}

function between(a: Point, b: Point, p: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] &&
    p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] &&
    p[1] <= Math.max(a[1], b[1])
  );
}

/** The outline of what a camera sees: from its place, an arc at its reach. Directions are clockwise, 0 to the right. */
export function fieldOfView(place: Point, direction: number, angle: number, reach: number): Point[] {
  const points: Point[] = angle < 360 ? [place] : [];
  const steps = Math.max(2, Math.ceil(angle / 10));
  for (let i = 0; i <= steps; i++) {
    const a = ((direction - angle / 2 + (angle * i) / steps) * Math.PI) / 180;
    points.push([place[0] + reach * Math.cos(a), place[1] + reach * Math.sin(a)]);
  }
  return points;
}

/** The direction from a to b in degrees, 0 to 360. */
export function bearing(a: Point, b: Point): number {
  const deg = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;
  return (deg + 360) % 360;
}
