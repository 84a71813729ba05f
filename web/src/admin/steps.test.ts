import { describe, expect, test } from "vitest";
import type { Camera, Schemas } from "../api/client";
import { furthest, type House, lacking, needed, stepNames, stepsOf } from "./steps";

const meta = { version: 1, author: "a", reason: "", at: "2026-11-22T12:00:00Z" };
const site: Schemas["ZonesSite"] = {
  ...meta,
  id: "s",
  name: "S",
  contact: "c",
  profile: "default",
  state: "open",
};
const scene: Schemas["ZonesScene"] = {
  ...meta,
  id: "lane",
  purpose: "access_control",
  state: "draft",
  editors: [],
};
const zone = (id: string, state: Schemas["ZonesZone"]["state"]): Schemas["ZonesZone"] => ({
  ...meta,
  id,
  kind: "recognition",
  camera: "gate",
  scene: "lane",
  state,
  outline: [],
  planners: [],
});
const coverage = (...codes: string[]): Schemas["ZonesCoverage"] => ({
  zone: "z",
  state: "draft",
  entrances: [],
  runs_out: [],
  reasons: codes.map((code) => ({ code, text: code })),
});
const everybody = needed.flatMap(([role, n]) =>
  Array.from({ length: n }, () => ({ roles: [role], active: true })),
);
const nothing: House = {
  accounts: [{ roles: ["administrator"], active: true }],
  sites: [],
  cameras: [],
  plans: [],
  scenes: [],
  zones: [],
  coverage: undefined,
};
const stateOf = (h: House) => Object.fromEntries(stepsOf(h).map((s) => [s.name, s.state]));

describe("the way to a live zone", () => {
  test("begins with accounts, the site and a camera", () => {
    const now = stepsOf(nothing)
      .filter((s) => s.state === "now")
      .map((s) => s.name);
    expect(now).toEqual(["accounts", "site", "camera"]);
  });

  test("never calls a step done while there is no zone to judge by", () => {
    const s = stateOf({ ...nothing, accounts: everybody, sites: [site], scenes: [scene] });
    for (const name of stepNames.slice(stepNames.indexOf("place"))) expect(s[name]).toBe("later");
  });

  test("takes what is missing from the server's reasons", () => {
    const h: House = {
      accounts: everybody,
      sites: [site],
      cameras: [{ id: "gate", state: "connected" } as Camera],
      plans: [{ ...meta, id: "p", name: "p", width_m: 1, depth_m: 1 }],
      scenes: [scene],
      zones: [zone("z", "signs_planned")],
      coverage: coverage("SIGN_PAIR", "INSPECTION_MISSING", "PIA_MISSING", "SCENE_DRAFT"),
    };
    expect(stateOf(h)).toMatchObject({
      zone: "done",
      place: "done",
      signs: "now",
      inspection: "later",
      assessment: "now",
      review: "done",
      notice: "done",
      filing: "done",
      enable: "later",
      live: "later",
    });
    expect(
      stepsOf(h)
        .find((s) => s.name === "signs")
        ?.reasons.map((r) => r.code),
    ).toEqual(["SIGN_PAIR"]);
  });

  test("ends when the zone is live and nothing speaks against it", () => {
    const h: House = {
      accounts: everybody,
      sites: [site],
      cameras: [{ id: "gate", state: "connected" } as Camera],
      plans: [{ ...meta, id: "p", name: "p", width_m: 1, depth_m: 1 }],
      scenes: [{ ...scene, state: "enabled" }],
      zones: [zone("z", "live")],
      coverage: coverage(),
    };
    expect(stepsOf(h).every((s) => s.state === "done")).toBe(true);
    expect(stateOf({ ...h, coverage: coverage("INSPECTION_EXPIRED") })).toMatchObject({
      inspection: "now",
      live: "later",
    });
  });

  test("asks a demonstration for no accounts, since its visitors act in every role", () => {
    expect(stateOf({ ...nothing, demo: true }).accounts).toBe("done");
    expect(stateOf(nothing).accounts).toBe("now");
  });

  test("says so when something could not be read", () => {
    expect(stateOf({ ...nothing, accounts: undefined, sites: undefined })).toMatchObject({
      accounts: "unknown",
      site: "unknown",
    });
  });
});

test("the zone that is furthest is the one that is followed", () => {
  expect(furthest([zone("a", "draft"), zone("b", "inspected"), zone("c", "retired")])?.id).toBe("b");
  expect(furthest([])).toBeUndefined();
});

test("an account that was closed fills no role", () => {
  expect(lacking(everybody)).toEqual([]);
  expect(lacking(everybody.map((a) => ({ ...a, active: !a.roles.includes("inspector") })))).toEqual([
    "inspector",
  ]);
  expect(lacking(everybody.filter((_, i) => i !== 3))).toEqual(["privacy_officer"]);
});
