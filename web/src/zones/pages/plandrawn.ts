import type { Venue } from "../data";
import type { Tool } from "../draw/drawing";
import { distance, type Frame, type Point } from "../draw/geometry";
import { type Doc, find, freeID, type Item, type SignKind } from "../draw/items";

/** The cameras of the register that stand on no plan yet. */
export const unplaced = (venue: Venue) => venue.policies.filter((c) => !c.placement);

/** What the tool bar says about the next thing that is drawn. */
export interface Choice {
  doc: Doc;
  tool: Tool;
  venue: Venue;
  frame: Frame;
  zone: string;
  kind: SignKind;
  camera: string;
}

/**
 * The thing that the points stand for, with an id that nothing else has;
 * undefined where there is nothing to draw, and a sign needs an entrance.
 */
export function drawn(points: readonly Point[], c: Choice): Item | "no entrance" | undefined {
  const at = points[0] as Point;
  const ids = (type: Item["type"], own: readonly { id: string }[]) => [
    ...own.map((x) => x.id),
    ...c.doc.filter((i) => i.type === type).map((i) => i.id),
  ];
  switch (c.tool) {
    case "wall": {
      const walls = c.doc.filter((i) => i.type === "wall").map((i) => Number(i.id));
      const next = String(Math.max(-1, ...walls) + 1);
      return { key: `wall ${next}`, type: "wall", id: next, name: next, points };
    }
    case "zone":
      return c.zone
        ? { key: `zone ${c.zone}`, type: "zone", id: c.zone, name: c.zone, points, zoneKind: "recognition" }
        : undefined;
    case "entrance": {
      const next = freeID(`${c.zone}-entrance`, ids("entrance", c.venue.entrances));
      return { key: `entrance ${next}`, type: "entrance", id: next, name: next, points: [at], zone: c.zone };
    }
    case "sign": {
      const near = nearestEntrance(c.doc, c.zone, at);
      if (!near) return "no entrance";
      const next = freeID(`${c.zone}-sign`, ids("sign", c.venue.signs));
      return {
        key: `sign ${next}`,
        type: "sign",
        id: next,
        name: next,
        points: [at],
        zone: c.zone,
        entrance: near.id,
        signKind: c.kind,
      };
    }
    case "camera":
      return placed(at, c);
    default:
      return undefined;
  }
}

/** A camera that looks to the right, to two fifths of the plan's shorter side. */
function placed(at: Point, c: Choice): Item | undefined {
  const free = unplaced(c.venue);
  const id = free.some((x) => x.id === c.camera) ? c.camera : free[0]?.id;
  if (!id || find(c.doc, `camera ${id}`)) return undefined;
  const name = c.venue.cameras.find((x) => x.id === id)?.name || id;
  const reach = Math.round(Math.min(c.frame.w, c.frame.h) * 4) / 10;
  return {
    key: `camera ${id}`,
    type: "camera",
    id,
    name,
    points: [at],
    aim: { direction: 0, angle: 70, reach },
  };
}

function nearestEntrance(doc: readonly Item[], zone: string, at: Point): Item | undefined {
  return doc
    .filter((i) => i.type === "entrance" && i.zone === zone)
    .toSorted((a, b) => distance(a.points[0] as Point, at) - distance(b.points[0] as Point, at))[0];
}
