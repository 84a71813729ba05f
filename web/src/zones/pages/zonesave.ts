import { client } from "../../api/client";
import { ifMatch, points, standing, type Venue } from "../data";
import type { Frame } from "../draw/geometry";
import { type Doc, find, type Item } from "../draw/items";

/** What is said of a zone beside its outline. */
export interface Attributes {
  id: string;
  scene: string;
  way: "" | "staffed" | "card" | "password";
  words: string;
}

/** The zones of one camera as outlines on its picture. */
export function pictureDoc(camera: string, v: Venue, f: Frame): Doc {
  return standing(v.zones)
    .filter((z) => z.camera === camera)
    .map(
      (z): Item => ({
        key: `zone ${z.id}`,
        type: "zone",
        id: z.id,
        name: z.id,
        zoneKind: z.kind,
        points: points(z.outline).map((p) => [tidy(p[0] * f.w), tidy(p[1] * f.h)]),
      }),
    );
}

const tidy = (v: number): number => Math.round(v * 10) / 10;
/** Parts of the picture, with the digits that the drawing has. */
const part = (v: number, of: number): number => Math.min(1, Math.max(0, Math.round((v / of) * 1e6) / 1e6));

export function attributesOf(i: Item, v: Venue): Attributes {
  const z = v.zones.find((x) => x.id === i.id);
  const scenes = v.scenes.filter((s) => s.state !== "retired");
  if (!z) return { id: i.id, scene: scenes.length === 1 ? (scenes[0]?.id ?? "") : "", way: "", words: "" };
  return {
    id: z.id,
    scene: z.scene ?? "",
    way: z.alternative?.kind ?? "",
    words: z.alternative?.description ?? "",
  };
}

/** Outlines that are new or differ, and zones of which something else was changed. */
export function changedZones(base: Doc, doc: Doc, edited: Readonly<Record<string, Attributes>>): Item[] {
  return doc.filter((i) => {
    const was = find(base, i.key);
    return !was || JSON.stringify(was.points) !== JSON.stringify(i.points) || edited[i.key] !== undefined;
  });
}

export async function saveZones(
  list: readonly { item: Item; attributes: Attributes }[],
  camera: string,
  f: Frame,
  v: Venue,
  reason: string,
): Promise<void> {
  for (const { item, attributes: a } of list) {
    const have = v.zones.find((z) => z.id === item.id);
    const recognition = (have?.kind ?? item.zoneKind) === "recognition";
    const body = {
      kind: have?.kind ?? item.zoneKind ?? "recognition",
      camera,
      outline: item.points.map((p) => [part(p[0], f.w), part(p[1], f.h)]),
      ...(recognition && a.scene ? { scene: a.scene } : {}),
      ...(recognition && a.way && a.words.trim()
        ? { alternative: { kind: a.way, description: a.words.trim() } }
        : {}),
      ...(have?.plan ? { plan: have.plan } : {}),
      ...(have?.floor ? { floor: have.floor } : {}),
      reason,
    };
    if (have)
      await client.PUT("/v1/zones/{id}", { params: { path: { id: have.id }, header: ifMatch(have) }, body });
    else await client.POST("/v1/zones", { body: { id: a.id, ...body } });
  }
}
