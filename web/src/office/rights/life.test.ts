import { describe, expect, test } from "vitest";
import { erases, type Request, stepsOf, wayOf } from "./life";

const request = (over: Partial<Request>): Request => ({
  request_id: "r",
  version: 1,
  type: "access",
  state: "received",
  language: "en",
  received: "2026-11-20T10:00:00Z",
  deadline: "2026-12-20T23:59:59Z",
  changed_at: "2026-11-20T10:00:00Z",
  changed_by: "x",
  ...over,
});
const verified = { verified_at: "2026-11-21T10:00:00Z", enrollee: "e", acknowledged: "2026-11-20T11:00:00Z" };

describe("the life of a request", () => {
  test("begins with its receipt and who asks", () => {
    expect(stepsOf(request({}))).toEqual(["acknowledge", "verify", "extend", "refuse"]);
  });

  test("goes on by beginning, and ends by fulfilling", () => {
    expect(stepsOf(request({ ...verified, state: "identity_verified" }))[0]).toBe("begin");
    expect(stepsOf(request({ ...verified, state: "in_progress" }))).toEqual([
      "bundle",
      "fulfil",
      "extend",
      "refuse",
    ]);
    expect(stepsOf(request({ ...verified, state: "in_progress", type: "erase" }))[0]).toBe("fulfil");
  });

  test("is extended once only", () => {
    expect(stepsOf(request({ extended: "holidays" }))).not.toContain("extend");
  });

  test("of somebody who is not enrolled has no bundle", () => {
    const { enrollee: _, ...unknown } = verified;
    expect(stepsOf(request({ ...unknown, state: "in_progress" }))).not.toContain("bundle");
  });

  test("leaves nothing to do at its end, and goes on after an appeal", () => {
    expect(stepsOf(request({ state: "refused" }))).toEqual([]);
    expect(stepsOf(request({ ...verified, state: "fulfilled" }))).toEqual(["bundle"]);
    expect(stepsOf(request({ ...verified, state: "appealed" }))[0]).toBe("begin");
    expect(stepsOf(request({ state: "appealed" }))).toContain("verify");
  });

  test("shows only what was reached", () => {
    const reached = (r: Request) =>
      wayOf(r)
        .filter((w) => w.reached)
        .map((w) => w.state);
    expect(reached(request({}))).toEqual(["received"]);
    expect(reached(request({ ...verified, state: "in_progress" }))).toEqual([
      "received",
      "identity_verified",
      "in_progress",
    ]);
    expect(reached(request({ state: "refused" }))).toEqual(["received", "refused"]);
    expect(reached(request({ ...verified, state: "appealed" }))).toEqual([
      "received",
      "identity_verified",
      "refused",
      "appealed",
    ]);
  });
});

test("erasure is told apart", () => {
  expect(erases(request({ type: "erase" }))).toBe(true);
  expect(erases(request({ type: "object" }))).toBe(false);
});
