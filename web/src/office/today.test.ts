import { describe, expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { type Desk, needs } from "./today";

const now = Date.parse("2026-11-22T12:00:00Z");
const hours = (n: number) => new Date(now + n * 3_600_000).toISOString();
const meta = { id: "1", version: 1, author: "a", reason: "", at: hours(-1) };
const request = (over: Partial<Schemas["RightsStatus"]>): Schemas["RightsStatus"] => ({
  request_id: "r",
  type: "erase",
  state: "received",
  received: hours(-2),
  deadline: hours(24 * 20),
  ...over,
});
const assessment = (over: Partial<Schemas["ZonesAssessment"]>): Schemas["ZonesAssessment"] => ({
  ...meta,
  scope_hash: "",
  assessor: "ann",
  approved: false,
  scene: "lane",
  necessity: "",
  effects: "",
  child_rules: "",
  outcome: "approved",
  valid_until: hours(24 * 200),
  ...over,
});
const kinds = (d: Partial<Desk>) =>
  needs({ me: "ann", roles: ["privacy_officer"], ...d }, now).map((n) => `${n.kind} ${n.tone}`);

describe("what needs the office today", () => {
  test("nothing, when nothing was read", () => {
    expect(needs({ me: "ann", roles: ["privacy_officer"] }, now)).toEqual([]);
  });

  test("requests run against their deadline and the day of the receipt", () => {
    expect(kinds({ requests: [request({})] })).toEqual(["request.acknowledge warn", "request.due muted"]);
    expect(kinds({ requests: [request({ received: hours(-25), deadline: hours(-1) })] })).toEqual([
      "request.acknowledge bad",
      "request.due bad",
    ]);
    expect(kinds({ requests: [request({ state: "fulfilled" }), request({ state: "refused" })] })).toEqual([]);
    expect(kinds({ requests: [request({ state: "appealed", acknowledged: hours(-1) })] })).toEqual([
      "request.due muted",
    ]);
  });

  test("an incident's timers run until each step is taken", () => {
    const breach: Schemas["ZonesIncident"] = {
      ...meta,
      class: "personal_data_breach",
      drill: false,
      state: "open",
      found_at: hours(-2),
    };
    expect(kinds({ incidents: [breach] })).toEqual([
      "incident.contain bad",
      "incident.report warn",
      "incident.authority warn",
    ]);
    expect(
      kinds({
        incidents: [{ ...breach, state: "reported", reported_at: hours(-1), authority_at: hours(-1) }],
      }),
    ).toEqual(["incident.close muted"]);
    expect(
      kinds({ incidents: [{ ...breach, class: "security", state: "closed", reported_at: hours(-1) }] }),
    ).toEqual([]);
  });

  test("nobody is asked to approve their own work", () => {
    expect(kinds({ assessments: [assessment({ assessor: "ann" })] })).toEqual(["assessment.waits warn"]);
    expect(kinds({ assessments: [assessment({ assessor: "bob" })] })).toEqual(["assessment.approve warn"]);
    expect(kinds({ assessments: [assessment({ outcome: "rejected" })] })).toEqual([]);
  });

  test("an assessment's end counts only where a scene rests on it", () => {
    const scene: Schemas["ZonesScene"] = {
      ...meta,
      id: "lane",
      purpose: "access_control",
      state: "enabled",
      editors: [],
      assessment: "1",
    };
    const soon = assessment({ approved: true, valid_until: hours(24 * 3) });
    expect(kinds({ assessments: [soon], scenes: [scene] })).toEqual(["assessment.expires warn"]);
    expect(kinds({ assessments: [soon], scenes: [{ ...scene, assessment: "2" }] })).toEqual([]);
    expect(kinds({ assessments: [assessment({ approved: true })], scenes: [scene] })).toEqual([]);
    expect(kinds({ scenes: [{ ...scene, state: "draft" }], assessments: [] })).toEqual(["scene.assess warn"]);
  });

  test("the census speaks from its warning on, and is quiet once filed", () => {
    const census = (state: string): Schemas["ConsentCensus"] => ({
      enrolled: 1,
      templates: 1,
      limit: 2,
      state,
    });
    expect(["below", "warning", "due", "overdue", "filed"].map((s) => kinds({ census: census(s) }))).toEqual([
      [],
      ["census warn"],
      ["census bad"],
      ["census bad"],
      [],
    ]);
  });

  test("a changed model is told of until everybody enrolled again", () => {
    const census = (stale?: number): Schemas["ConsentCensus"] => ({
      enrolled: 3,
      templates: 3,
      limit: 0,
      state: "below",
      ...(stale === undefined ? {} : { stale }),
    });
    expect(kinds({ census: census(2) })).toEqual(["model.stale bad"]);
    expect(kinds({ census: census(0) })).toEqual([]);
    expect(kinds({ census: census() })).toEqual([]);
  });

  test("the most pressing comes first", () => {
    const list = needs(
      {
        me: "ann",
        roles: ["privacy_officer"],
        requests: [request({ request_id: "a", deadline: hours(48), acknowledged: hours(-1) })],
        filings: [{ ...meta, type: "mlps_grading", authority: "x", status: "planned", due: hours(-3) }],
        kill: { ...meta, on: true, why: "test", asked: "bob" },
      },
      now,
    );
    expect(list.map((n) => n.kind)).toEqual(["filing.due", "halt.agree", "request.due"]);
  });
});
