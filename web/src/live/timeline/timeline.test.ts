import { describe, expect, it } from "vitest";
import type { HouseEvent, Recording } from "../../api/client";
import { nearest, neighbour, recordingAt, rowsOf } from "./marks";
import { chunk, panned, showing, ticks, within, zoomed } from "./scale";

const minute = 60_000;
const bounds = { from: 0, to: 24 * 60 * minute };
const utc = () => 0;

describe("the timeline's scale", () => {
  it("zooms around the instant under the pointer", () => {
    const s = zoomed({ from: 0, to: 100 * minute }, 0.5, 25 * minute, bounds);
    expect(s).toEqual({ from: 12.5 * minute, to: 62.5 * minute });
    expect((25 * minute - s.from) / (s.to - s.from)).toBeCloseTo(0.25);
  });
  it("stays within its bounds, and shows at least ten seconds", () => {
    expect(zoomed({ from: 0, to: 60 * minute }, 1000, 0, bounds)).toEqual(bounds);
    expect(zoomed({ from: 0, to: minute }, 0.001, 0, bounds)).toEqual({ from: 0, to: 10_000 });
    expect(panned({ from: 0, to: minute }, -3, bounds)).toEqual({ from: 0, to: minute });
    expect(panned({ from: 0, to: minute }, 0.5, bounds)).toEqual({ from: minute / 2, to: 1.5 * minute });
    expect(within({ from: -5, to: bounds.to + 5 }, bounds)).toEqual(bounds);
  });
  it("follows the playhead by moving as little as needed", () => {
    const s = { from: 0, to: 100 * minute };
    expect(showing(s, 50 * minute, bounds)).toBe(s);
    expect(showing(s, 99 * minute, bounds)).toEqual({ from: 7 * minute, to: 107 * minute });
  });
  it.each([
    [{ from: 0, to: minute }, 6, 15_000, "second"],
    [{ from: 1, to: 60 * minute }, 6, 15 * minute, "minute"],
    [{ from: 1, to: 23 * 60 * minute }, 6, 6 * 60 * minute, "minute"],
    [{ from: 0, to: 30 * 24 * 60 * minute }, 6, 7 * 24 * 60 * minute, "day"],
  ] as const)("writes round times, case %#", (s, most, step, unit) => {
    const got = ticks(s, most, utc);
    expect(got.length).toBeGreaterThan(1);
    expect(got.length).toBeLessThanOrEqual(most + 1);
    for (const t of got) expect(t.at % step).toBe(0);
    expect(got.some((t) => t.unit === unit)).toBe(true);
  });
  it("is round in the reader's own time zone", () => {
    const india = () => -330; // UTC+5:30
    const got = ticks({ from: 0, to: 48 * 60 * minute }, 3, india);
    expect(got.map((t) => (t.at + 330 * minute) % (24 * 60 * minute))).toEqual(got.map(() => 0));
    expect(got.every((t) => t.unit === "day")).toBe(true);
  });
  it("asks for whole stretches, so that small moves ask nothing", () => {
    const a = chunk({ from: 5 * minute, to: 35 * minute });
    expect(a).toEqual({ from: 0, to: 64 * minute });
    expect(chunk({ from: 6 * minute, to: 36 * minute })).toEqual(a);
  });
});

const event = (seq: number, at: number, part: Partial<HouseEvent>): HouseEvent =>
  ({
    id: `e${seq}`,
    seq,
    ts: new Date(at).toISOString(),
    camera: "a",
    kind: "camera_health",
    ...part,
  }) as HouseEvent;
const health = (seq: number, at: number, state: string, code = "") =>
  event(seq, at, { detail: { state, code } });

describe("the marks", () => {
  const seen = { from: 0, to: 1000_000 };
  it("joins troubles to spans, whatever the order of the events", () => {
    const [row] = rowsOf(
      ["a"],
      [
        health(4, 400_000, "full_mask", "DETECTOR_LATE"),
        health(2, 200_000, "retrying", "TIMEOUT"),
        health(1, 100_000, "connected"),
        health(3, 300_000, "connected"),
      ],
      seen,
    );
    expect(row?.troubles).toEqual([
      { kind: "lost", code: "TIMEOUT", from: 200_000, to: 300_000 },
      { kind: "mask", code: "DETECTOR_LATE", from: 400_000, to: 1000_000 },
    ]);
  });
  it("knows that what only ends here began before", () => {
    const [row] = rowsOf(["a"], [health(1, 100_000, "mask_ended")], seen);
    expect(row?.troubles).toEqual([{ kind: "mask", code: "", from: 0, to: 100_000 }]);
  });
  it("counts one trouble told twice once, and leaves other cameras out", () => {
    const [a, b] = rowsOf(
      ["a", "b"],
      [health(1, 100, "retrying"), health(2, 200, "failed"), event(3, 300, { camera: "b", kind: "match" })],
      seen,
    );
    expect(a?.troubles).toHaveLength(1);
    expect(b?.troubles).toHaveLength(0);
    expect(b?.marks.map((m) => m.tone)).toEqual(["person"]);
  });
  it("finds the nearest mark and the neighbours", () => {
    const [row] = rowsOf(["a"], [health(1, 1000, "connected"), health(2, 9000, "connected")], seen);
    const marks = row?.marks ?? [];
    expect(nearest(marks, 8000, 2000)?.at).toBe(9000);
    expect(nearest(marks, 5000, 2000)).toBeUndefined();
    expect(neighbour(marks, 1000, 1)).toBe(9000);
    expect(neighbour(marks, 9000, -1)).toBe(1000);
    expect(neighbour(marks, 9000, 1)).toBeUndefined();
  });
  it("finds what plays at an instant, else what begins next", () => {
    const rec = (id: string, camera: string, from: number, to: number) =>
      ({ id, camera, from: new Date(from).toISOString(), to: new Date(to).toISOString() }) as Recording;
    const list = [rec("3", "a", 50_000, 60_000), rec("1", "a", 0, 10_000), rec("2", "b", 0, 10_000)];
    expect(recordingAt(list, "a", 9_999)?.id).toBe("1");
    expect(recordingAt(list, "a", 10_000)?.id).toBe("3");
    expect(recordingAt(list, "a", 60_000)).toBeUndefined();
    expect(recordingAt(list, "b", 0)?.id).toBe("2");
  });
});
