import type { HouseEvent } from "../../api/client";
import type { Key, Words } from "../../i18n/i18n";

export type EventGroup = "people" | "cameras" | "system";
export type Tone = "person" | "good" | "warn" | "bad" | "quiet";

type Kind = HouseEvent["kind"];
const members: Record<EventGroup, readonly Kind[]> = {
  people: ["match", "unmask", "claim_outcome", "verify_1to1", "human_review"],
  cameras: ["camera_health", "use_start", "use_end"],
  system: ["gate_change", "zone_minute", "segment"],
};
const people = new Set<Kind>(members.people);
const cameras = new Set<Kind>(members.cameras);

/** The kinds of events that a filter stands for. */
export function kindsOf(group: EventGroup): Kind[] {
  return [...members[group]];
}

/** Which filter an event belongs to. */
export function groupOf(e: HouseEvent): EventGroup {
  if (people.has(e.kind)) return "people";
  return cameras.has(e.kind) ? "cameras" : "system";
}

/** How an event is coloured; meaning never rests on the colour alone. */
export function toneOf(e: HouseEvent): Tone {
  if (people.has(e.kind)) return "person";
  const state = e.detail?.state ?? "";
  if (e.kind === "camera_health") {
    if (state === "retrying" || state === "failed") return "bad";
    return state === "full_mask" ? "warn" : "good";
  }
  if (e.kind === "gate_change") return e.detail?.open === "true" ? "good" : "warn";
  return "quiet";
}

/** An event in words. `cameraName` gives a camera's name by its id. */
export function sentence(w: Words, e: HouseEvent, cameraName: (id: string) => string): string {
  const text = words(w, e, cameraName);
  return text.charAt(0).toLocaleUpperCase(w.lang) + text.slice(1);
}

function words(w: Words, e: HouseEvent, cameraName: (id: string) => string): string {
  const params = {
    who: e.subject ? w.t("event.guest", { who: e.subject }) : w.t("event.someone"),
    zone: zoneName(w, e, cameraName),
    camera: w.t("event.camera", { camera: cameraName(e.camera) }),
    consent: e.consent_ref
      ? w.t("event.consent", { ref: e.consent_ref.slice(0, 8), version: e.consent_version ?? 1 })
      : "–",
  };
  switch (e.kind) {
    case "camera_health": {
      const key = `event.health_${e.detail?.state ?? ""}`;
      return w.t(w.has(key) ? key : "event.health_other", { ...params, why: w.code("mask", e.detail?.code) });
    }
    case "unmask":
      return w.t(e.detail?.audience === "record" ? "event.unmask_record" : "event.unmask", params);
    case "gate_change":
      return e.detail?.open === "true"
        ? w.t("event.gate_open", params)
        : w.t("event.gate_closed", { ...params, why: w.code("off", e.detail?.code) });
    case "zone_minute": {
      const n = Number(e.detail?.people);
      return e.detail?.people && Number.isFinite(n)
        ? w.t("event.zone_minute", { ...params, n })
        : w.t("event.zone_minute_few", params);
    }
    default:
      return w.t(`event.${e.kind}` satisfies Key, params);
  }
}

/** The event's zone in words; counters of a camera without zones name the camera. */
function zoneName(w: Words, e: HouseEvent, cameraName: (id: string) => string): string {
  const name = e.zone_name || e.zone;
  if (name) return w.t("event.zone", { zone: name });
  if (e.kind === "zone_minute") return w.t("event.camera", { camera: cameraName(e.camera) });
  return w.t("event.unknownZone");
}

/** Adds events to a newest-first list: each once, at most `max`. */
export function merge(list: readonly HouseEvent[], added: readonly HouseEvent[], max: number): HouseEvent[] {
  if (added.length === 0) return list as HouseEvent[];
  const known = new Set(list.map((e) => e.id));
  const fresh = added.filter((e) => !known.has(e.id) && known.add(e.id));
  if (fresh.length === 0) return list as HouseEvent[];
  return [...fresh, ...list].sort((a, b) => compare(b, a)).slice(0, max);
}

function compare(a: HouseEvent, b: HouseEvent): number {
  if (a.ts !== b.ts) return Date.parse(a.ts) - Date.parse(b.ts) || a.seq - b.seq;
  return a.seq - b.seq;
}
