// What the desk knows of the venue, and how it changes it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { client, csrfHeader, problemOf, RequestError, type Schemas } from "../api/client";
import type { Point } from "./draw/geometry";
import type { SignKind, ZoneKind } from "./draw/items";

export type Site = Schemas["ZonesSite"];
export type Zone = Schemas["ZonesZone"];
export type Entrance = Schemas["ZonesEntrance"];
export type Sign = Schemas["ZonesSign"];
export type SignText = Schemas["SitestoreSignText"];
export type Scene = Schemas["ZonesScene"];
export type FloorPlan = Schemas["ZonesFloorPlan"];
export type CameraPolicy = Schemas["ZonesCameraPolicy"];
export type Camera = Schemas["Camera"];
export type Inspection = Schemas["ZonesInspection"];
export type Coverage = Schemas["ZonesCoverage"];
export type Alternative = Schemas["SitestoreAlternative"];
export type { SignKind, ZoneKind };

/** Everything of the one site that was not removed, by id. */
export interface Venue {
  site: Site | undefined;
  zones: Zone[];
  entrances: Entrance[];
  signs: Sign[];
  scenes: Scene[];
  plans: FloorPlan[];
  policies: CameraPolicy[];
  /** Cameras that run here. */
  cameras: Camera[];
  inspections: Inspection[];
}

interface Page<T> {
  items: T[];
  next?: string | undefined;
}

/** Reads a list to its end. */
async function every<T>(page: (after: string | undefined) => Promise<{ data?: Page<T> }>): Promise<T[]> {
  const out: T[] = [];
  for (let after: string | undefined; ; ) {
    const { data } = await page(after);
    if (!data) throw new RequestError(0, "", "");
    out.push(...data.items);
    if (!data.next) return out;
    after = data.next;
  }
}

const query = (after: string | undefined) => ({
  params: { query: { limit: 200, ...(after ? { after } : {}) } },
});

async function readVenue(): Promise<Venue> {
  const [sites, zones, entrances, signs, scenes, plans, policies, inspections, cameras] = await Promise.all([
    every((a) => client.GET("/v1/sites", query(a))),
    every((a) => client.GET("/v1/zones", query(a))),
    every((a) => client.GET("/v1/entrances", query(a))),
    every((a) => client.GET("/v1/signs", query(a))),
    every((a) => client.GET("/v1/scenes", query(a))),
    every((a) => client.GET("/v1/floorplans", query(a))),
    every((a) => client.GET("/v1/camera-policies", query(a))),
    every((a) => client.GET("/v1/inspections", query(a))),
    client.GET("/v1/cameras"),
  ]);
  return {
    site: sites[0],
    zones,
    entrances: entrances.filter((e) => !e.removed),
    signs: signs.filter((s) => !s.removed),
    scenes,
    plans: plans.filter((p) => !p.removed),
    policies,
    cameras: cameras.data?.cameras ?? [],
    inspections,
  };
}

export function useVenue() {
  return useQuery({ queryKey: ["venue"], queryFn: readVenue });
}

/** What a zone's entrances lack, what runs out, and what keeps it from being live. */
export function useCoverage(zone: string) {
  return useQuery({
    queryKey: ["venue", "coverage", zone],
    queryFn: async () => {
      const { data } = await client.GET("/v1/zones/{id}/coverage", { params: { path: { id: zone } } });
      if (!data) throw new RequestError(0, "", "");
      return data;
    },
  });
}

/** After a change everything is read again: one edit can move zones to another state. */
export function useReload(): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(() => queries.invalidateQueries({ queryKey: ["venue"] }), [queries]);
}

/** The header that makes an edit fail when somebody else was faster. */
export const ifMatch = (v: { version: number }) => ({ "If-Match": `"${v.version}"` });

/** The description of the interface allows null where lists can be empty in Go. */
export function points(list: readonly (readonly number[] | null)[] | null | undefined): Point[] {
  return (list ?? []).map((p): Point => [p?.[0] ?? 0, p?.[1] ?? 0]);
}

export function place(p: readonly number[] | null | undefined): Point | undefined {
  return p && p.length === 2 ? [p[0] as number, p[1] as number] : undefined;
}

export const lists = (all: readonly Point[]): number[][] => all.map((p) => [p[0], p[1]]);

/** Uploads a photograph of a place; the server covers people on it before it is stored. */
export async function upload(photo: Blob, signal?: AbortSignal): Promise<Schemas["ZonesPhoto"]> {
  let res: Response;
  try {
    res = await fetch("/v1/photos", {
      method: "POST",
      body: photo,
      headers: { "Content-Type": "image/jpeg", Accept: "application/json", ...csrfHeader() },
      ...(signal ? { signal } : {}),
    });
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  return (await res.json()) as Schemas["ZonesPhoto"];
}

export const photoURL = (id: string): string => `/v1/photos/${encodeURIComponent(id)}`;

/** The zones that are not over. */
export const standing = (zones: readonly Zone[]): Zone[] => zones.filter((z) => z.state !== "retired");

export const nameOf = (cameras: readonly Camera[], id: string): string =>
  cameras.find((c) => c.id === id)?.name || id;
