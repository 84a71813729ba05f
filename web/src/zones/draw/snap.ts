import { distance, nearestOn, type Point } from "./geometry";

/** What a point may snap to. */
export interface Targets {
  /** Corners and places of everything else. */
  points: readonly Point[];
  edges: readonly (readonly [Point, Point])[];
  /** The corner before this one, and the one before that: for right angles. */
  before?: Point | undefined;
  beforeThat?: Point | undefined;
  /** The corner that follows, when one is moved rather than drawn. */
  after?: Point | undefined;
  afterThat?: Point | undefined;
}

export interface Snapped {
  at: Point;
  to: "none" | "corner" | "edge" | "right";
  /** From where the guide runs to the point. */
  from?: Point;
}

/** Pulls a point to a corner, else to a right angle, else to an edge, when one is within `pull`. */
export function snap(p: Point, targets: Targets, pull: number): Snapped {
  const corner = nearest(targets.points, p, pull);
  if (corner) return { at: corner, to: "corner" };
  const right = rightAngle(p, targets, pull);
  if (right) return right;
  let best: Point | undefined;
  for (const [a, b] of targets.edges) {
    const on = nearestOn(a, b, p);
    if (distance(on, p) <= (best ? distance(best, p) : pull)) best = on;
  }
  return best ? { at: best, to: "edge" } : { at: p, to: "none" };
}

function nearest(points: readonly Point[], p: Point, pull: number): Point | undefined {
  let best: Point | undefined;
  for (const q of points) if (distance(q, p) <= (best ? distance(best, p) : pull)) best = q;
  return best;
}

/** The lines through a neighbouring corner on which the angle there is right, or the edge upright or level. */
function lines(at: Point | undefined, other: Point | undefined): [Point, Point][] {
  if (!at) return [];
  const all: [Point, Point][] = [
    [at, [1, 0]],
    [at, [0, 1]],
  ];
  const len = other ? distance(at, other) : 0;
  if (other && len > 0) {
    const along: Point = [(at[0] - other[0]) / len, (at[1] - other[1]) / len];
    all.push([at, [-along[1], along[0]]]);
  }
  return all;
}

function rightAngle(p: Point, t: Targets, pull: number): Snapped | undefined {
  const first = lines(t.before, t.beforeThat);
  const second = lines(t.after, t.afterThat);
  // Where two such lines meet, both corners are right.
  let best: Snapped | undefined;
  for (const a of first)
    for (const b of second) {
      const at = meet(a, b);
      if (at && distance(at, p) <= (best ? distance(best.at, p) : pull))
        best = { at, to: "right", from: a[0] };
    }
  if (best) return best;
  for (const [from, dir] of [...first, ...second]) {
    const along = (p[0] - from[0]) * dir[0] + (p[1] - from[1]) * dir[1];
    const at: Point = [from[0] + along * dir[0], from[1] + along * dir[1]];
    if (distance(at, p) <= (best ? distance(best.at, p) : pull)) best = { at, to: "right", from };
  }
  return best;
}

function meet([p, d]: [Point, Point], [q, e]: [Point, Point]): Point | undefined {
  const cross = d[0] * e[1] - d[1] * e[0];
  if (Math.abs(cross) < 1e-9) return undefined;
  const t = ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / cross;
  return [p[0] + t * d[0], p[1] + t * d[1]];
}
