import { describe, expect, it, test } from "vitest";
import type { Camera, HouseEvent, Recording } from "../api/client";
import { queryString } from "../api/client";
import { en } from "../i18n/en";
import { fill, Words } from "../i18n/i18n";
import { zh } from "../i18n/zh";
import { themeAfter } from "../ui/prefs";
import { backoff } from "./backoff";
import { groupOf, merge, sentence, toneOf } from "./events/words";
import { putCamera } from "./house";
import { following } from "./timeline/following";
import { pictureOf, viewable } from "./view";
import { step } from "./walk";

const event = (part: Partial<HouseEvent>): HouseEvent => ({
  id: "e1",
  cursor: "1",
  ts: "2026-03-04T05:06:07Z",
  ts_quality: "synced",
  kind: "match",
  site: "s",
  camera: "door",
  chain: "edge",
  seq: 1,
  ...part,
});

const camera = (part: Partial<Camera>): Camera =>
  ({
    id: "door",
    driver: "rtsp",
    state: "connected",
    mask: { state: "masked" },
    zones: [],
    ...part,
  }) as Camera;

const nameOf = (id: string) => (id === "door" ? "Front door" : id);

describe("words", () => {
  it("has every place of a text in both languages", () => {
    const places = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort().join();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(places(zh[key]), key).toBe(places(en[key]));
      expect(zh[key].trim(), key).not.toBe("");
    }
  });
  it("leaves no English sentence in the Chinese texts", () => {
    for (const [key, text] of Object.entries(zh)) {
      if (key.startsWith("tool.lang") || key === "app.title" || text === "–") continue;
      expect(/[\u4e00-\u9fff]/.test(text) || /^(\{\w+\}|[×：\s%])+$/.test(text), `${key}: ${text}`).toBe(
        true,
      );
    }
  });
  it("fills places, numbers in the language's form", () => {
    expect(fill("{a} of {b}, {c}", { a: 1234, b: "x" }, (n) => `<${n}>`)).toBe("<1234> of x, {c}");
    expect(new Words("en").t("health.fullFrames", { n: 12345 })).toContain("12,345");
  });
  it("explains known codes and admits unknown ones", () => {
    const w = new Words("en");
    expect(w.code("mask", "DETECTOR_LATE")).toBe("the detector is late");
    expect(w.code("err", "ODD", "it smokes")).toContain("it smokes");
    expect(new Words("zh-CN").code("off", undefined)).toBe(zh["off.other"]);
  });
  it("tells times, spans and sizes by language", () => {
    const w = new Words("en");
    const at = Date.parse("2026-03-04T05:06:07Z");
    expect(w.ago("2026-03-04T05:04:00Z", at)).toBe("2\u00a0min.\u00a0ago");
    expect(w.ago("2026-03-04T05:06:09Z", at)).toBe("0\u00a0sec.\u00a0ago"); // clocks differ
    expect(new Words("zh-CN").ago("2026-03-04T05:04:00Z", at)).toBe("2\u2060分\u2060钟\u2060前");
    expect(w.duration(90)).toBe("2\u00a0min");
    expect(w.duration(86400)).toBe("24\u00a0hr");
    expect(w.bytes(0)).toBe("0\u00a0byte");
    expect(w.bytes(6_300_000)).toBe("6.3\u00a0MB");
    expect(w.time("nonsense")).toBe("–");
    const local = new Date(2026, 2, 4, 17, 5, 9);
    expect(w.time(local.toISOString(), local)).toBe("17:05:09");
    expect(w.time(local.toISOString(), new Date(2026, 2, 6))).toContain("Mar\u00a04");
  });
});

describe("events", () => {
  const w = new Words("en");
  test.each([
    [
      event({ subject: "K7FA", zone_name: "Hall", consent_ref: "abcdef0123456789", consent_version: 2 }),
      "Guest K7FA recognised in zone Hall, under consent abcdef01, version 2",
    ],
    [
      event({ kind: "unmask", subject: "K7FA", consent_ref: "abcdef0123", consent_version: 1 }),
      "Guest K7FA is shown clear in the live picture, under consent abcdef01, version 1",
    ],
    [
      event({ kind: "unmask", subject: "K7FA", consent_ref: "abcdef0123", detail: { audience: "record" } }),
      "Guest K7FA is recorded clear, under consent abcdef01, version 1",
    ],
    [event({ kind: "camera_health", detail: { state: "retrying" } }), "Camera Front door was lost"],
    [
      event({ kind: "camera_health", detail: { state: "full_mask", code: "OVERLOAD" } }),
      "Camera Front door is masked completely: this machine cannot keep up",
    ],
    [
      event({ kind: "camera_health", detail: { state: "constructor" } }),
      "The state of camera Front door changed",
    ],
    [
      event({ kind: "gate_change", zone: "z1", detail: { open: "false", code: "LEASE_EXPIRED" } }),
      "Matching stopped in zone z1: no fresh policy",
    ],
    [
      event({ kind: "zone_minute", zone: "z1", detail: { people: "1200" } }),
      "Counts for one minute, zone z1: 1,200",
    ],
    [event({ kind: "zone_minute", zone: "z1" }), "Counts for one minute, zone z1: too few to tell"],
  ])("says %# in words", (e, text) => {
    expect(sentence(w, e, nameOf)).toBe(text);
  });
  it("has words for every kind in both languages", () => {
    const kinds = [
      "use_start",
      "use_end",
      "match",
      "claim_outcome",
      "verify_1to1",
      "unmask",
      "human_review",
      "gate_change",
      "camera_health",
      "zone_minute",
      "segment",
    ] as const;
    for (const kind of kinds) {
      for (const lang of ["en", "zh-CN"] as const) {
        expect(sentence(new Words(lang), event({ kind }), nameOf)).not.toMatch(/[{}]|undefined|event\./);
      }
    }
  });
  it("groups and colours", () => {
    expect(groupOf(event({}))).toBe("people");
    expect(groupOf(event({ kind: "use_end" }))).toBe("cameras");
    expect(groupOf(event({ kind: "gate_change" }))).toBe("system");
    expect(toneOf(event({ kind: "camera_health", detail: { state: "failed" } }))).toBe("bad");
    expect(toneOf(event({ kind: "gate_change" }))).toBe("warn");
  });
  it("merges each once, newest first, bounded", () => {
    const list = [event({ id: "b", ts: "2026-01-01T00:00:02Z" })];
    const a = event({ id: "a", ts: "2026-01-01T00:00:01Z" });
    const c = event({ id: "c", ts: "2026-01-01T00:00:03Z" });
    expect(merge(list, [a, c, c, a], 10).map((e) => e.id)).toEqual(["c", "b", "a"]);
    expect(merge(list, [a, c], 2).map((e) => e.id)).toEqual(["c", "b"]);
    expect(merge(list, list, 10)).toBe(list);
    const twin = event({ id: "d", ts: "2026-01-01T00:00:02Z", seq: 9 });
    expect(merge(list, [twin], 10).map((e) => e.id)).toEqual(["d", "b"]);
  });
});

describe("pictures", () => {
  const playing = { kind: "playing" } as const;
  test.each([
    [camera({}), playing, "live"],
    [camera({ mask: { state: "full" } as Camera["mask"] }), playing, "full"],
    [camera({ mask: { state: "full" } as Camera["mask"] }), { kind: "lost" } as const, "full"],
    [camera({}), { kind: "connecting" } as const, "opening"],
    [camera({}), { kind: "lost" } as const, "broken"],
    [camera({}), { kind: "waiting", until: 0, status: 503 } as const, "busy"],
    [camera({ state: "retrying", err_code: "UNREACHABLE" }), playing, "lost"],
    [camera({ state: "failed" }), playing, "lost"],
    [camera({ state: "starting" }), playing, "starting"],
    [camera({ state: "connecting", err_code: "TIMEOUT" }), playing, "lost"],
    [camera({ state: "connecting", driver: "whip" }), playing, "unpublished"],
    [camera({ state: "retrying", driver: "whip" }), playing, "unpublished"],
    [camera({ state: "ended" }), playing, "ended"],
    [camera({ state: "paused" }), playing, "paused"],
  ] as const)("shows %#", (c, view, want) => {
    expect(pictureOf(c, view)).toBe(want);
  });
  it("opens a view only where there is something to see", () => {
    expect(viewable(camera({}))).toBe(true);
    expect(viewable(camera({ state: "retrying" }))).toBe(false);
  });
});

describe("small things", () => {
  it("waits longer each time, with spread, up to a bound", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((n) => backoff(n, 1))).toEqual([
      400, 800, 1600, 3200, 6400, 8000, 8000,
    ]);
    expect(backoff(0, 0)).toBe(200);
  });
  it("walks the wall as it lies", () => {
    const at = (left: number, top: number) => ({ left, top, width: 100, height: 50 });
    const wall = [at(0, 0), at(110, 0), at(0, 60), at(110, 60), at(0, 120)];
    expect(step("ArrowRight", 0, wall)).toBe(1);
    expect(step("ArrowLeft", 0, wall)).toBe(0);
    expect(step("ArrowDown", 1, wall)).toBe(3);
    expect(step("ArrowUp", 3, wall)).toBe(1);
    expect(step("ArrowDown", 3, wall)).toBe(4);
    expect(step("ArrowDown", 4, wall)).toBe(4);
    expect(step("End", 0, wall)).toBe(4);
    expect(step("Home", 4, wall)).toBe(0);
    expect(step("x", 2, wall)).toBe(2);
    expect(step("ArrowRight", -1, wall)).toBe(-1);
  });
  it("keeps cameras in order", () => {
    const list = putCamera(putCamera([], camera({ id: "b" })), camera({ id: "a" }));
    expect(list.map((c) => c.id)).toEqual(["a", "b"]);
    expect(putCamera(list, camera({ id: "b", name: "new" }))[1]?.name).toBe("new");
  });
  it("plays what follows with the same camera", () => {
    const rec = (id: string, cam: string, from: string, complete = true) =>
      ({ id, camera: cam, from, complete }) as Recording;
    const a1 = rec("a1", "a", "2026-01-01T00:00:00Z");
    const a2 = rec("a2", "a", "2026-01-01T00:01:00Z");
    const a3 = rec("a3", "a", "2026-01-01T00:02:00Z", false);
    const list = [a3, a2, rec("b", "b", "2026-01-01T00:00:30Z"), a1];
    expect(following(list, a1)).toBe(a2);
    expect(following(list, a2)).toBeUndefined();
  });
  it("builds queries in a fixed order without empty values", () => {
    expect(queryString({ limit: 5, camera: "", before: "a b", kind: undefined })).toBe("?before=a+b&limit=5");
    expect(queryString({})).toBe("");
  });
  it("goes round the themes", () => {
    expect([themeAfter("auto"), themeAfter("dark"), themeAfter("light")]).toEqual(["dark", "light", "auto"]);
  });
});
