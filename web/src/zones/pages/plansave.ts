// What was drawn on a plan becomes requests, in an order in which each finds
// what it needs: walls, floors of zones, entrances, signs, cameras, and last
// what goes.
import { client } from "../../api/client";
import { type FloorPlan, ifMatch, lists, type Venue, type Zone } from "../data";
import { type Doc, find, type Item } from "../draw/items";
import { prefilled } from "../sign/content";

/** What differs between two documents: new or changed things, and those that are gone. */
export function changes(before: Doc, after: Doc): { put: Item[]; gone: Item[] } {
  return {
    put: after.filter((i) => find(before, i.key) !== i && !same(find(before, i.key), i)),
    gone: before.filter((i) => !find(after, i.key)),
  };
}

function same(a: Item | undefined, b: Item): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/** How many requests saving makes, for the button; walls are one together. */
export function countChanges(before: Doc, after: Doc): number {
  const c = changes(before, after);
  const walls = [...c.put, ...c.gone].some((i) => i.type === "wall") ? 1 : 0;
  return [...c.put, ...c.gone].filter((i) => i.type !== "wall").length + walls;
}

export async function savePlan(
  plan: FloorPlan,
  before: Doc,
  after: Doc,
  venue: Venue,
  reason: string,
): Promise<void> {
  const { put, gone } = changes(before, after);
  const of = (type: Item["type"]) => put.filter((i) => i.type === type);
  let zones = venue.zones;
  if ([...put, ...gone].some((i) => i.type === "wall")) {
    await client.PUT("/v1/floorplans/{id}", {
      params: { path: { id: plan.id }, header: ifMatch(plan) },
      body: {
        name: plan.name,
        width_m: plan.width_m,
        depth_m: plan.depth_m,
        walls: after.filter((i) => i.type === "wall").map((i) => lists(i.points)),
        ...(plan.picture ? { picture: plan.picture } : {}),
        reason,
      },
    });
    // Other walls are another version of every zone on the plan.
    zones = await reread(zones);
  }
  for (const z of zonesToPut(plan, zones, of("zone"), gone, put))
    await putZone(z.zone, plan, z.floor, reason);
  for (const i of of("entrance")) await putEntrance(i, venue, reason);
  for (const i of of("sign")) await putSign(i, venue, reason);
  for (const i of of("camera")) await putCamera(i, plan.id, venue, reason);
  for (const i of gone) await remove(i, venue, reason);
}

async function reread(zones: Zone[]): Promise<Zone[]> {
  return Promise.all(
    zones.map(async (z) => {
      const { data } = await client.GET("/v1/zones/{id}", { params: { path: { id: z.id } } });
      return data ?? z;
    }),
  );
}

/** Zones whose floor changed, and those that are not on any plan yet though something of theirs is placed here. */
function zonesToPut(plan: FloorPlan, zones: Zone[], floors: Item[], gone: Item[], put: Item[]) {
  const out = new Map<string, { zone: Zone; floor: Item["points"] }>();
  const zoneOf = (id: string | undefined) => zones.find((z) => z.id === id);
  for (const i of gone) {
    const zone = i.type === "zone" ? zoneOf(i.id) : undefined;
    if (zone) out.set(zone.id, { zone, floor: [] });
  }
  for (const i of put) {
    const zone = i.type === "entrance" || i.type === "sign" ? zoneOf(i.zone) : undefined;
    if (zone && !zone.plan) out.set(zone.id, { zone, floor: [] });
  }
  for (const i of floors) {
    const zone = zoneOf(i.id);
    if (zone) out.set(zone.id, { zone, floor: i.points });
  }
  return [...out.values()].filter(({ zone }) => !zone.plan || zone.plan === plan.id);
}

async function putZone(z: Zone, plan: FloorPlan, floor: Item["points"], reason: string) {
  await client.PUT("/v1/zones/{id}", {
    params: { path: { id: z.id }, header: ifMatch(z) },
    body: {
      kind: z.kind,
      camera: z.camera,
      outline: z.outline,
      plan: plan.id,
      ...(z.scene ? { scene: z.scene } : {}),
      ...(floor.length > 0 ? { floor: lists(floor) } : {}),
      ...(z.alternative ? { alternative: z.alternative } : {}),
      reason,
    },
  });
}

const at = (i: Item): number[] => [...(i.points[0] ?? [0, 0])];

async function putEntrance(i: Item, v: Venue, reason: string) {
  const have = v.entrances.find((e) => e.id === i.id);
  const body = { zone: i.zone ?? "", name: i.name, position: at(i), reason };
  if (have)
    await client.PUT("/v1/entrances/{id}", { params: { path: { id: i.id }, header: ifMatch(have) }, body });
  else await client.POST("/v1/entrances", { body: { id: i.id, ...body } });
}

async function putSign(i: Item, v: Venue, reason: string) {
  const have = v.signs.find((s) => s.id === i.id);
  if (have) {
    const { text, translations, photo, valid_until } = have;
    await client.PUT("/v1/signs/{id}", {
      params: { path: { id: i.id }, header: ifMatch(have) },
      body: {
        zone: have.zone,
        entrance: i.entrance ?? have.entrance,
        kind: have.kind,
        position: at(i),
        ...(text ? { text } : {}),
        ...(translations ? { translations } : {}),
        ...(photo ? { photo } : {}),
        ...(valid_until ? { valid_until } : {}),
        reason,
      },
    });
    return;
  }
  const kind = i.signKind ?? "face_recognition";
  const zone = i.zone ?? "";
  await client.POST("/v1/signs", {
    body: {
      id: i.id,
      zone,
      entrance: i.entrance ?? "",
      kind,
      position: at(i),
      ...prefilled(kind, zone, v),
      reason,
    },
  });
}

async function putCamera(i: Item, plan: string, v: Venue, reason: string) {
  const have = v.policies.find((c) => c.id === i.id);
  if (have && i.aim) await writeCamera(have, { plan, position: at(i), ...i.aim }, reason);
}

async function writeCamera(
  c: Venue["policies"][number],
  placement: Venue["policies"][number]["placement"],
  reason: string,
) {
  const k = c.checklist;
  await client.PUT("/v1/cameras/{id}/policy", {
    params: { path: { id: c.id }, header: ifMatch(c) },
    body: {
      place_type: c.place_type,
      ...(c.private ? { private: c.private } : {}),
      ...(k?.id ? { checklist: { ...k, id: k.id, signed_by: k.signed_by ?? "" } } : {}),
      ...(placement ? { placement } : {}),
      reason,
    },
  });
}

async function remove(i: Item, v: Venue, reason: string) {
  const params = { path: { id: i.id } };
  if (i.type === "entrance") await client.POST("/v1/entrances/{id}/remove", { params, body: { reason } });
  else if (i.type === "sign") {
    // A sign goes with its entrance.
    const { data } = await client.GET("/v1/signs/{id}", { params });
    if (data && !data.removed) await client.POST("/v1/signs/{id}/remove", { params, body: { reason } });
  } else if (i.type === "camera") {
    const have = v.policies.find((c) => c.id === i.id);
    if (have) await writeCamera(have, undefined, reason);
  }
}
