import type { Camera, Schemas } from "../api/client";
import { openAt } from "../desks/desks";
import type { Role, Session } from "../session/session";

/** Each step on the way from nothing to a live, lawful zone, in order. */
export const stepNames = [
  "accounts",
  "site",
  "camera",
  "plan",
  "scene",
  "zone",
  "place",
  "signs",
  "inspection",
  "assessment",
  "review",
  "notice",
  "filing",
  "enable",
  "live",
] as const;
export type StepName = (typeof stepNames)[number];

/** `unknown`: what it rests on could not be read. `later`: an earlier step it builds on is missing. */
export type StepState = "done" | "now" | "later" | "unknown";

export interface Step {
  name: StepName;
  state: StepState;
  /** Who does it; whoever holds one of these roles. */
  by: readonly Role[];
  /** The desk where it is done. */
  at: string;
  /** What the server says is missing for it. */
  reasons: readonly Schemas["ProblemReason"][];
  /** Roles that no account holds yet, of the first step. */
  roles: readonly Role[];
}

/** What the steps are computed from; a part that is undefined could not be read. */
export interface House {
  /** A demonstration: its visitors act in every role, each for an account of its own. */
  demo?: boolean;
  accounts: readonly { roles: readonly Role[]; active: boolean }[] | undefined;
  sites: readonly Schemas["ZonesSite"][] | undefined;
  cameras: readonly Camera[] | undefined;
  plans: readonly Schemas["ZonesFloorPlan"][] | undefined;
  scenes: readonly Schemas["ZonesScene"][] | undefined;
  zones: readonly Schemas["ZonesZone"][] | undefined;
  /** Of the zone that is furthest. */
  coverage: Schemas["ZonesCoverage"] | undefined;
}

/** How many accounts of each role the way needs: two pairs of eyes, twice. */
export const needed: readonly (readonly [Role, number])[] = [
  ["administrator", 1],
  ["venue_owner", 1],
  ["inspector", 1],
  ["privacy_officer", 2],
  ["consent_officer", 1],
  ["operator", 1],
  ["auditor", 1],
];

const who: Readonly<Record<StepName, readonly [string, ...Role[]]>> = {
  accounts: ["/admin/users", "administrator"],
  site: ["/admin/site", "administrator", "venue_owner"],
  camera: ["/admin/cameras", "administrator"],
  plan: ["/zones", "venue_owner"],
  scene: ["/office/scenes", "privacy_officer", "venue_owner"],
  zone: ["/zones", "venue_owner"],
  place: ["/zones", "venue_owner"],
  signs: ["/zones", "venue_owner"],
  inspection: ["/zones", "inspector"],
  assessment: ["/office/assessments", "privacy_officer"],
  review: ["/office/scenes", "privacy_officer"],
  notice: ["/office/notices", "privacy_officer"],
  filing: ["/office/filings", "privacy_officer"],
  enable: ["/office/scenes", "privacy_officer", "administrator"],
  live: ["/office/scenes", "privacy_officer", "administrator"],
};

/** Where the reader takes a step; undefined when somebody else does, or at another's desk. */
export function wayTo(
  step: Pick<Step, "at" | "by">,
  who: Pick<Session, "roles" | "demo">,
): string | undefined {
  const mine = who.demo || step.by.some((r) => who.roles.includes(r));
  return mine ? openAt(step.at, who.roles) : undefined;
}

/** Which of the server's reasons belong to which step. */
const codes: Readonly<Partial<Record<StepName, RegExp>>> = {
  place: /^(CHECKLIST_|INSTALLER_ACK|POSE_|CAMERA_MOVED|PROHIBITED_PLACE)/,
  signs: /^(SIGN_|ENTRANCE_|ALTERNATIVE_)/,
  inspection: /^INSPECT/,
  assessment: /^(PIA_|CONSULTATION)/,
  review: /^LEGAL_REVIEW/,
  notice: /^NOTICE_/,
  filing: /^FILING_/,
  enable: /^(SCENE_|PURPOSE_|MODE_|SEPARATE_|GUARDIAN_|RETENTION_|SELF_CHECK)/,
};

const order = ["draft", "signs_planned", "inspected", "suspended", "live"];

/** The recognition zone that is furthest on its way, undefined when there is none. */
export function furthest(zones: House["zones"]): Schemas["ZonesZone"] | undefined {
  return (zones ?? [])
    .filter((z) => z.kind === "recognition" && z.state !== "retired")
    .toSorted((a, b) => order.indexOf(b.state) - order.indexOf(a.state) || (a.id < b.id ? -1 : 1))[0];
}

/** Roles of which there are fewer active accounts than the way needs. */
export function lacking(accounts: NonNullable<House["accounts"]>): Role[] {
  return needed
    .filter(([role, n]) => accounts.filter((a) => a.active && a.roles.includes(role)).length < n)
    .map(([role]) => role);
}

/** The steps as the installation stands. */
export function stepsOf(h: House): Step[] {
  const zone = furthest(h.zones);
  const scene = h.scenes?.find((s) => s.id === zone?.scene) ?? h.scenes?.find((s) => s.state !== "retired");
  const reasons = h.coverage?.reasons ?? [];
  const missing = (name: StepName) => reasons.filter((r) => codes[name]?.test(r.code));
  // What is computed from the zone's reasons is only known once there is a zone.
  const met = (name: StepName, before = true) =>
    zone && h.coverage ? before && missing(name).length === 0 : false;
  const roles = h.accounts && !h.demo ? lacking(h.accounts) : [];
  const done: Record<StepName, boolean | undefined> = {
    accounts: h.demo || (h.accounts && roles.length === 0),
    site: h.sites?.some((s) => s.state !== "closed"),
    camera: h.cameras?.some((c) => c.state === "connected"),
    plan: h.plans?.some((p) => !p.removed),
    scene: h.scenes && scene !== undefined,
    zone: h.zones && zone !== undefined,
    place: met("place"),
    signs: met("signs", zone !== undefined && zone.state !== "draft"),
    inspection: met("inspection"),
    assessment: met("assessment"),
    review: met("review"),
    notice: met("notice"),
    filing: met("filing"),
    enable: scene?.state === "enabled",
    live: zone?.state === "live" && reasons.length === 0,
  };
  return stepNames.map((name) => {
    const [at, ...by] = who[name];
    return {
      name,
      by,
      at,
      roles: name === "accounts" ? roles : [],
      reasons: missing(name),
      state: state(name),
    };
  });

  function state(name: StepName): StepState {
    if (done[name] === undefined) return "unknown";
    if (done[name]) return "done";
    return (before[name] ?? []).every((n) => done[n] !== false) ? "now" : "later";
  }
}

/** What must be there before a step can be begun. */
const before: Readonly<Partial<Record<StepName, readonly StepName[]>>> = {
  plan: ["site"],
  scene: ["site"],
  zone: ["camera", "scene"],
  place: ["zone"],
  signs: ["zone", "plan"],
  inspection: ["signs"],
  assessment: ["zone"],
  review: ["zone"],
  notice: ["zone"],
  filing: ["zone"],
  enable: ["assessment", "review", "notice", "filing"],
  live: ["place", "signs", "inspection", "enable"],
};
