// Outlines as GeoJSON (RFC 7946 in form). The coordinates are the surface's own,
// parts of a picture or metres on a plan, and not degrees on the Earth; a member
// of the collection says so, and a file of another surface is refused.
import { distance, type Fault, type Frame, faultOf, type Point } from "./geometry";
import type { ZoneKind } from "./items";

export type Surface = { on: "picture"; camera: string } | { on: "plan"; plan: string };

export interface Outline {
  id: string;
  kind: ZoneKind;
  points: readonly Point[];
}

/** Why a file cannot be taken. `at` says where in it. */
export class ImportError extends Error {
  readonly code:
    | "json"
    | "collection"
    | "surface"
    | "geometry"
    | "hole"
    | "number"
    | "kind"
    | "outline"
    | "empty"
    | "large"
    | "twice";
  readonly at: string;
  readonly fault: Fault | undefined;
  constructor(code: ImportError["code"], at = "", fault?: Fault) {
    super(`${code} ${at}`);
    this.name = "ImportError";
    this.code = code;
    this.at = at;
    this.fault = fault;
  }
}

const member = "bystander:surface";
const kinds: readonly ZoneKind[] = ["recognition", "signage", "prohibited", "privacy"];
/** More than any plan has. */
export const maxBytes = 1 << 20;

/** Writes outlines; on a picture in parts of it, so that they fit any size. */
export function toGeoJSON(outlines: readonly Outline[], surface: Surface, f: Frame): string {
  const [sx, sy] = scale(surface, f);
  const collection = {
    type: "FeatureCollection",
    [member]: surface,
    features: outlines.map((o) => ({
      type: "Feature",
      id: o.id,
      properties: { kind: o.kind },
      geometry: {
        type: "Polygon",
        coordinates: [[...o.points, ...o.points.slice(0, 1)].map((p) => [tidy(p[0] / sx), tidy(p[1] / sy)])],
      },
    })),
  };
  return `${JSON.stringify(collection, null, 2)}\n`;
}

const tidy = (v: number): number => Math.round(v * 1e6) / 1e6;

function scale(surface: Surface, f: Frame): [number, number] {
  return surface.on === "picture" ? [f.w, f.h] : [1, 1];
}

/** Reads outlines for a surface. Fails with ImportError, or gives at least one outline, each without fault. */
export function fromGeoJSON(text: string, surface: Surface, f: Frame): Outline[] {
  if (text.length > maxBytes) throw new ImportError("large");
  const root = object(parse(text), "collection", "");
  const said = root[member];
  if (said !== undefined && object(said, "surface", member).on !== surface.on)
    throw new ImportError("surface", member);
  const features =
    root.type === "FeatureCollection" ? root.features : root.type === "Feature" ? [root] : undefined;
  if (!Array.isArray(features)) throw new ImportError("collection");
  if (features.length === 0) throw new ImportError("empty");
  const seen = new Set<string>();
  return features.map((raw: unknown, i) => {
    const o = outline(raw, `features[${i}]`, i, surface, f);
    if (seen.has(o.id)) throw new ImportError("twice", `features[${i}].id`);
    seen.add(o.id);
    return o;
  });
}

function outline(raw: unknown, at: string, i: number, surface: Surface, f: Frame): Outline {
  const feature = object(raw, "collection", at);
  const geometry = object(feature.geometry, "geometry", `${at}.geometry`);
  if (geometry.type !== "Polygon" || !Array.isArray(geometry.coordinates))
    throw new ImportError("geometry", `${at}.geometry`);
  const rings: unknown[] = geometry.coordinates;
  if (rings.length !== 1)
    throw new ImportError(rings.length > 1 ? "hole" : "geometry", `${at}.geometry.coordinates`);
  const points = ring(rings[0], `${at}.geometry.coordinates[0]`, surface, f);
  const fault = faultOf(points, f);
  if (fault) throw new ImportError("outline", at, fault);
  const properties =
    feature.properties == null ? {} : object(feature.properties, "collection", `${at}.properties`);
  const kind = properties.kind ?? "recognition";
  if (!kinds.includes(kind as ZoneKind)) throw new ImportError("kind", `${at}.properties.kind`);
  const id =
    typeof feature.id === "string" || typeof feature.id === "number"
      ? String(feature.id)
      : `imported-${i + 1}`;
  return { id, kind: kind as ZoneKind, points };
}

function ring(raw: unknown, at: string, surface: Surface, f: Frame): Point[] {
  if (!Array.isArray(raw)) throw new ImportError("geometry", at);
  const [sx, sy] = scale(surface, f);
  const points = raw.map((p: unknown, i): Point => {
    if (
      !Array.isArray(p) ||
      p.length < 2 ||
      !p.slice(0, 2).every((v) => typeof v === "number" && Number.isFinite(v))
    )
      throw new ImportError("number", `${at}[${i}]`);
    return [tidy((p[0] as number) * sx), tidy((p[1] as number) * sy)];
  });
  // A ring names its first place again at its end.
  const first = points[0];
  const last = points.at(-1);
  if (points.length > 1 && first && last && distance(first, last) === 0) points.pop();
  return points;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ImportError("json");
  }
}

function object(v: unknown, code: ImportError["code"], at: string): Record<string, unknown> {
  if (typeof v !== "object" || v === null || Array.isArray(v)) throw new ImportError(code, at);
  return v as Record<string, unknown>;
}
