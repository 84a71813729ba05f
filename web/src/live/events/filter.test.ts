import { describe, expect, it } from "vitest";
import type { HouseEvent } from "../../api/client";
import { everything, type Filter, instant, passes, possible, queryOf } from "./filter";

const local = (h: number) => new Date(2026, 4, 1, h, 0);
const field = (h: number) => `2026-05-01T${String(h).padStart(2, "0")}:00`;
const event = (part: Partial<HouseEvent>): HouseEvent =>
  ({ id: "e", ts: local(12).toISOString(), kind: "match", camera: "door", ...part }) as HouseEvent;

describe("the filter of events", () => {
  it("asks the server for exactly what it lets through", () => {
    const f: Filter = { group: "cameras", camera: "door", from: field(8), to: field(9), person: true };
    expect(queryOf(f)).toEqual({
      camera: "door",
      kind: ["camera_health", "use_start", "use_end"],
      from: local(8).toISOString(),
      to: local(9).toISOString(),
      person: true,
    });
    expect(queryOf(everything)).toEqual({ camera: "" });
  });
  it.each([
    [{}, {}, true],
    [{ group: "cameras" }, {}, false],
    [{ group: "people" }, {}, true],
    [{ camera: "gate" }, {}, false],
    [{ from: field(12) }, {}, true],
    [{ from: field(13) }, {}, false],
    [{ to: field(12) }, {}, false],
    [{ to: field(13) }, {}, true],
    [{ person: true }, {}, false],
    [{ person: true }, { subject_ref: "ab" }, true],
  ] as [Partial<Filter>, Partial<HouseEvent>, boolean][])("judges what arrives, case %#", (f, e, want) => {
    expect(passes({ ...everything, ...f }, event(e))).toBe(want);
  });
  it("takes half a date for none, and knows a wrong order", () => {
    expect(instant("2026-05-")).toBeUndefined();
    expect(instant("")).toBeUndefined();
    expect(possible({ ...everything, from: field(9), to: field(8) })).toBe(false);
    expect(possible({ ...everything, from: field(8) })).toBe(true);
  });
});
