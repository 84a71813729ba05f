import { expect, test } from "vitest";
import { clocksOf, type Incident, nextClock } from "./clocks";

const found = "2026-11-22T10:00:00.000Z";
const at = (hours: number) => Date.parse(found) + hours * 3_600_000;
const incident = (over: Partial<Incident>): Incident => ({
  id: "i",
  version: 1,
  author: "a",
  reason: "",
  at: found,
  class: "security",
  drill: false,
  state: "open",
  found_at: found,
  ...over,
});

test("the authority's clock runs for a breach of personal data only", () => {
  expect(clocksOf(incident({}), at(0)).map((c) => c.name)).toEqual(["contain", "report"]);
  expect(clocksOf(incident({ class: "personal_data_breach" }), at(0)).at(-1)).toEqual({
    name: "authority",
    due: new Date(at(72)).toISOString(),
    late: false,
  });
});

test("a step is judged by when it was taken, not by now", () => {
  const done = incident({ state: "contained", contained_at: new Date(at(0.5)).toISOString() });
  expect(clocksOf(done, at(100))[0]).toMatchObject({ late: false });
  const late = incident({ state: "contained", contained_at: new Date(at(1.5)).toISOString() });
  expect(clocksOf(late, at(2))[0]).toMatchObject({ late: true });
  expect(clocksOf(incident({}), at(1.1))[0]).toMatchObject({ late: true });
});

test("the next clock is the one that ends first, and none runs once closed", () => {
  expect(nextClock(incident({}), at(0))?.name).toBe("contain");
  expect(nextClock(incident({ contained_at: found }), at(0))?.name).toBe("report");
  expect(nextClock(incident({ state: "closed" }), at(0))).toBeUndefined();
});
