import type { Schemas } from "../api/client";
import { openAt } from "../desks/desks";
import type { Role } from "../session/session";

/** What the start page looks at; a part that is undefined could not be read, and is left out. */
export interface Desk {
  me: string;
  roles: readonly Role[];
  requests?: readonly Schemas["RightsStatus"][] | undefined;
  incidents?: readonly Schemas["ZonesIncident"][] | undefined;
  assessments?: readonly Schemas["ZonesAssessment"][] | undefined;
  scenes?: readonly Schemas["ZonesScene"][] | undefined;
  notices?: readonly Schemas["ConsentNotice"][] | undefined;
  filings?: readonly Schemas["ZonesFiling"][] | undefined;
  zones?: readonly Schemas["ZonesZone"][] | undefined;
  inspections?: readonly Schemas["ZonesInspection"][] | undefined;
  components?: readonly Schemas["ZonesComponent"][] | undefined;
  exits?: readonly Schemas["ZonesExitPlan"][] | undefined;
  census?: Schemas["ConsentCensus"] | undefined;
  kill?: Schemas["ZonesSwitch"] | undefined;
}

/** The kinds of things that need somebody. */
export type NeedKind =
  | "request.due"
  | "request.acknowledge"
  | "incident.contain"
  | "incident.report"
  | "incident.authority"
  | "incident.close"
  | "assessment.approve"
  | "assessment.waits"
  | "assessment.expires"
  | "scene.assess"
  | "notice.approve"
  | "notice.waits"
  | "filing.due"
  | "filing.expires"
  | "inspection.expires"
  | "component.review"
  | "census"
  | "model.stale"
  | "exit.certify"
  | "halt.on"
  | "halt.agree";

/** One thing that needs the office. */
export interface Need {
  kind: NeedKind;
  /** What it is about, as the text names it. */
  about: string;
  /** Where it is done; undefined when it is done at a desk of somebody else's. */
  to?: string;
  /** Until when; undefined for what has no clock. */
  due?: string;
  tone: "bad" | "warn" | "muted";
  /** Of an exercise. */
  drill?: true;
}

const hour = 3_600_000;
const day = 24 * hour;
/** From how long before its end on something is told of. */
export const ahead = 30 * day;

/** Everything that needs the office now, the most pressing first. */
export function needs(d: Desk, now: number): Need[] {
  const out: Need[] = [];
  const add = (kind: NeedKind, about: string, to: string, due?: string | number, tone?: Need["tone"]) => {
    const at = typeof due === "number" ? new Date(due).toISOString() : due;
    const open = openAt(to, d.roles);
    out.push({
      kind,
      about,
      ...(open ? { to: open } : {}),
      ...(at ? { due: at } : {}),
      tone: tone ?? toneOf(at, now),
    });
  };
  for (const r of d.requests ?? []) {
    if (r.state === "fulfilled" || r.state === "refused") continue;
    const to = `/office/rights/${r.request_id}`;
    if (!r.acknowledged) add("request.acknowledge", r.type, to, Date.parse(r.received) + day);
    add("request.due", r.type, to, r.deadline);
  }
  for (const i of d.incidents ?? []) {
    const from = out.length;
    incident(i, add);
    if (i.drill) for (const n of out.slice(from)) n.drill = true;
  }
  drafts(d, add);
  for (const f of d.filings ?? []) {
    if (f.status === "planned")
      add("filing.due", f.type, "/office/filings", f.due, f.due ? undefined : "muted");
    else if (f.status !== "cancelled" && near(f.valid_until, now))
      add("filing.expires", f.type, "/office/filings", f.valid_until);
  }
  for (const z of d.zones ?? []) {
    const walk = d.inspections?.find((i) => i.id === z.inspection);
    if (walk && z.state !== "retired" && near(walk.valid_until, now))
      add("inspection.expires", z.id, "/office/scenes", walk.valid_until);
  }
  for (const c of d.components ?? [])
    if (c.enabled && near(c.review_by, now))
      add("component.review", c.name, "/office/components", c.review_by);
  const c = d.census;
  if (c && c.state !== "below" && c.state !== "filed")
    add("census", c.state, "/office/filings", c.task?.due_at, c.state === "warning" ? "warn" : "bad");
  if (c?.stale) add("model.stale", String(c.stale), "/consent/messages", undefined, "bad");
  for (const p of d.exits ?? [])
    if (p.state !== "certified" && (p.items ?? []).every((i) => i.done_at))
      add("exit.certify", p.id, "/office/exit", undefined, p.planner === d.me ? "muted" : "warn");
  if (d.kill?.on)
    add(
      d.kill.asked && d.kill.asked !== d.me ? "halt.agree" : "halt.on",
      d.kill.why ?? "",
      "/office/halt",
      undefined,
      "bad",
    );
  const rank = { bad: 0, warn: 1, muted: 2 };
  return out
    .filter((n) => n.kind !== "assessment.expires" || near(n.due, now))
    .toSorted(
      (a, b) =>
        rank[a.tone] - rank[b.tone] ||
        (a.due ?? "9").localeCompare(b.due ?? "9") ||
        a.kind.localeCompare(b.kind),
    );
}

type Add = (kind: NeedKind, about: string, to: string, due?: string | number, tone?: Need["tone"]) => void;

/** The timers of an incident: an hour, four, and 72 for a breach of personal data. */
function incident(i: Schemas["ZonesIncident"], add: Add): void {
  const found = Date.parse(i.found_at);
  const to = `/office/incidents/${i.id}`;
  if (i.state === "open") add("incident.contain", i.class, to, found + hour);
  if (!i.reported_at) add("incident.report", i.class, to, found + 4 * hour);
  if (i.class === "personal_data_breach" && !i.authority_at && i.state !== "closed")
    add("incident.authority", i.class, to, found + 72 * hour);
  if (i.state === "reported") add("incident.close", i.class, to, undefined, "muted");
}

/** What waits for a second person, and what a scene still lacks. */
function drafts(d: Desk, add: Add): void {
  for (const a of d.assessments ?? []) {
    const to = `/office/assessments/${a.id}`;
    if (!a.approved && a.outcome !== "rejected")
      add(a.assessor === d.me ? "assessment.waits" : "assessment.approve", a.scene, to, undefined, "warn");
    else if (a.approved && d.scenes?.some((s) => s.assessment === a.id && s.state !== "retired"))
      add("assessment.expires", a.scene, to, a.valid_until);
  }
  for (const s of d.scenes ?? [])
    if (s.state === "draft" && !d.assessments?.some((a) => a.scene === s.id && a.outcome !== "rejected"))
      add("scene.assess", s.id, `/office/assessments/new?scene=${s.id}`, undefined, "warn");
  for (const n of d.notices ?? [])
    if (n.state === "draft")
      add(
        n.author === d.me ? "notice.waits" : "notice.approve",
        n.version,
        `/office/notices/${n.version}`,
        undefined,
        "warn",
      );
}

function near(at: string | undefined, now: number): boolean {
  return at !== undefined && Date.parse(at) - now < ahead;
}

function toneOf(due: string | undefined, now: number): Need["tone"] {
  if (!due) return "muted";
  const left = Date.parse(due) - now;
  return left < 0 ? "bad" : left < 7 * day ? "warn" : "muted";
}
