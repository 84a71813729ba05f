import { type FloorPlan, place, points, standing, type Venue } from "../data";
import type { Doc, Item } from "../draw/items";

/** Everything that stands on a floor plan, as it is drawn. */
export function planDoc(plan: FloorPlan, v: Venue): Doc {
  const out: Item[] = [];
  (plan.walls ?? []).forEach((w, i) => {
    out.push({ key: `wall ${i}`, type: "wall", id: String(i), name: `${i + 1}`, points: points(w) });
  });
  const zones = standing(v.zones);
  for (const z of zones)
    if (z.plan === plan.id && (z.floor?.length ?? 0) > 0)
      out.push({
        key: `zone ${z.id}`,
        type: "zone",
        id: z.id,
        name: z.id,
        points: points(z.floor),
        zoneKind: z.kind,
      });
  for (const c of v.policies) {
    const at = place(c.placement?.position);
    if (!c.placement || c.placement.plan !== plan.id || !at) continue;
    const { direction, angle, reach } = c.placement;
    const name = v.cameras.find((x) => x.id === c.id)?.name || c.id;
    out.push({
      key: `camera ${c.id}`,
      type: "camera",
      id: c.id,
      name,
      points: [at],
      aim: { direction, angle, reach },
    });
  }
  // Where zones name no plan, their entrances are measured on the only one.
  const here = new Set(
    zones.filter((z) => z.plan === plan.id || (!z.plan && v.plans.length === 1)).map((z) => z.id),
  );
  for (const e of v.entrances) {
    const at = place(e.position);
    if (at && here.has(e.zone))
      out.push({
        key: `entrance ${e.id}`,
        type: "entrance",
        id: e.id,
        name: e.name || e.id,
        points: [at],
        zone: e.zone,
      });
  }
  for (const s of v.signs) {
    const at = place(s.position);
    if (at && here.has(s.zone))
      out.push({
        key: `sign ${s.id}`,
        type: "sign",
        id: s.id,
        name: s.id,
        points: [at],
        zone: s.zone,
        entrance: s.entrance,
        signKind: s.kind,
      });
  }
  return out;
}
