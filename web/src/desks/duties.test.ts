import { describe, expect, test } from "vitest";
import { stepNames, stepsOf, wayTo } from "../admin/steps";
import { adminTexts } from "../admin/texts";
import { mendable, mendedAt } from "../duties/reasons";
import { officeTexts } from "../office/texts";
import { type Desk, needs } from "../office/today";
import type { Role } from "../session/session";
import type { Venue } from "../zones/data";
import { stepsOf as zoneSteps } from "../zones/pages/steps";
import { tell } from "../zones/reasons";
import { reasonTexts } from "../zones/texts/reasons";
import { deskOf, desks, homeOf, openAt } from "./desks";

const roles: readonly Role[] = [
  "operator",
  "venue_owner",
  "inspector",
  "auditor",
  "consent_officer",
  "privacy_officer",
  "administrator",
  "kiosk",
  "subject",
  "client",
];

/** The pages that the two desks of duties have, by their navigation. */
const pagesOf = (texts: Readonly<Record<string, string>>) =>
  Object.keys(texts).flatMap((k) => (k.startsWith("page.") ? [k.slice(5)] : []));
const pages: Readonly<Record<string, readonly string[]>> = {
  "/office": pagesOf(officeTexts.en),
  "/admin": pagesOf(adminTexts.en),
};

/** That a link leads to a page, at a desk whose door opens to the role. */
function leads(to: string, role: Role): void {
  const path = to.replace(/[?#].*/, "");
  const desk = deskOf(path);
  expect(desk, to).toBeDefined();
  expect(desk?.roles.length === 0 || desk?.roles.includes(role), `${role} may open ${to}`).toBe(true);
  const page = path.slice(desk?.path.length).split("/")[1];
  const known = pages[desk?.path ?? ""];
  if (page && known) expect(known, to).toContain(page);
}

const now = Date.parse("2026-11-22T12:00:00Z");
const before = new Date(now - 100 * 3_600_000).toISOString();
const soon = new Date(now + 100 * 3_600_000).toISOString();
const meta = { version: 1, author: "a", reason: "", at: before };
const incident = { ...meta, class: "personal_data_breach", found_at: before, drill: false };
const assessment = { ...meta, scene: "lane", outcome: "approved", valid_until: soon };

/** An office in which everything that can need somebody does. */
const busy = {
  me: "ann",
  requests: [{ request_id: "r", type: "erase", state: "received", received: before, deadline: soon }],
  incidents: [
    { ...incident, id: "i", state: "open" },
    { ...incident, id: "j", state: "reported", reported_at: before },
  ],
  assessments: [
    { ...assessment, id: "mine", assessor: "ann", approved: false },
    { ...assessment, id: "hers", assessor: "bea", approved: false },
    { ...assessment, id: "old", assessor: "bea", approved: true },
  ],
  scenes: [
    { ...meta, id: "lane", state: "enabled", assessment: "old" },
    { ...meta, id: "new", state: "draft" },
  ],
  notices: [
    { version: "1", state: "draft", author: "ann" },
    { version: "2", state: "draft", author: "bea" },
  ],
  filings: [
    { ...meta, id: "f", type: "mlps_grading", status: "planned", due: soon },
    { ...meta, id: "g", type: "mlps_grading", status: "filed", valid_until: soon },
  ],
  zones: [{ ...meta, id: "hall", state: "live", inspection: "walk" }],
  inspections: [{ id: "walk", valid_until: soon }],
  components: [{ ...meta, id: "c", name: "c", enabled: true, review_by: soon }],
  exits: [{ ...meta, id: "e", state: "planned", items: [{ done_at: before }], planner: "bea" }],
  census: { enrolled: 9, limit: 9, state: "due", stale: 3 },
} as unknown as Omit<Desk, "roles">;
const kills = [{ on: true, asked: "bea" }, { on: true }] as unknown as Desk["kill"][];
const office = (role: Role) => kills.flatMap((kill) => needs({ ...busy, roles: [role], kill }, now));

describe("the office's list of what needs somebody", () => {
  test("is tried with every kind of need", () => {
    const kinds = Object.keys(officeTexts.en).flatMap((k) => (k.startsWith("n.") ? [k.slice(2)] : []));
    expect([...new Set(office("privacy_officer").map((n) => n.kind))].toSorted()).toEqual(kinds.toSorted());
  });

  test.each(roles)("links a %s to nothing but pages of their own desks", (role) => {
    for (const n of office(role)) if (n.to) leads(n.to, role);
  });

  test("links the office to everything but the consent officer's list of people", () => {
    const plain = office("privacy_officer").filter((n) => !n.to);
    expect([...new Set(plain.map((n) => n.kind))]).toEqual(["model.stale"]);
    // What has no link says whose work it is.
    for (const n of plain) expect(officeTexts.en).toHaveProperty([`whose.${n.kind}`]);
    const both = needs({ ...busy, roles: ["privacy_officer", "consent_officer"] }, now);
    expect(both.find((n) => n.kind === "model.stale")?.to).toBe("/consent/messages");
  });
});

describe("the first steps", () => {
  const steps = stepsOf({
    accounts: undefined,
    sites: undefined,
    cameras: undefined,
    plans: undefined,
    scenes: undefined,
    zones: undefined,
    coverage: undefined,
  });

  test.each(roles.flatMap((role) => [false, true].map((demo) => [role, demo] as const)))(
    "link a %s to nothing but pages of their own desks (demonstration: %s)",
    (role, demo) => {
      for (const s of steps) {
        const to = wayTo(s, { roles: [role], demo });
        if (to) leads(to, role);
      }
    },
  );

  test("lead whoever takes a step to where it is taken", () => {
    expect(steps.map((s) => s.name)).toEqual(stepNames);
    for (const s of steps)
      for (const role of s.by) {
        const may = wayTo(s, { roles: [role], demo: false });
        // Venue owners do not read the first steps; their own begin at /zones.
        if (role !== "venue_owner") expect(may, `${role}: ${s.name}`).toBeDefined();
      }
  });
});

describe("what is missing", () => {
  test.each(roles)("is linked for a %s where they can mend it", (role) => {
    for (const code of mendable) {
      const way = mendedAt(code, [role]);
      if (way) leads(way.at, role);
    }
    const t = Object.assign(() => "", { code: () => "", lang: "en" as const });
    for (const key of Object.keys(reasonTexts.en)) {
      const told = tell(
        t,
        { code: key.replace(/^r\./, ""), object: "", text: "" },
        { zone: "hall", camera: "c" },
      );
      const at = told.to && openAt(told.to, [role]);
      if (at) leads(at, role);
    }
  });

  test("is mended by somebody", () => {
    for (const code of mendable)
      expect(
        roles.some((r) => mendedAt(code, [r])),
        code,
      ).toBe(true);
  });

  test("leads administration to its own page of what is the office's too", () => {
    expect(mendedAt("MODE_FORBIDDEN", ["privacy_officer"])?.at).toBe("/office/scenes");
    expect(mendedAt("MODE_FORBIDDEN", ["administrator"])).toEqual({
      place: "/office/scenes",
      at: "/admin/scenes",
    });
    expect(mendedAt("NOTICE_MISSING", ["administrator"])).toBeUndefined();
  });
});

describe("the way of a venue owner", () => {
  test("leads to pages of the venue's desk", () => {
    const empty = {
      site: undefined,
      zones: [],
      entrances: [],
      signs: [],
      scenes: [],
      plans: [],
      policies: [],
      cameras: [],
      inspections: [],
    } satisfies Venue;
    for (const s of zoneSteps(empty)) leads(s.to, "venue_owner");
  });
});

describe("desks", () => {
  test.each(roles)("a %s begins at a desk that opens, or has none", (role) => {
    const home = homeOf([role]);
    if (home) leads(home, role);
    else expect(desks.some((d) => !d.hidden && d.roles.includes(role))).toBe(false);
  });

  test("an address keeps what stands behind it", () => {
    expect(openAt("/office/scenes?x=1#y", ["administrator"])).toBe("/admin/scenes?x=1#y");
    expect(openAt("/office/scenesque", ["administrator"])).toBeUndefined();
    expect(openAt("/nowhere", ["administrator"])).toBeUndefined();
  });
});
