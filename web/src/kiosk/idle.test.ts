import { describe, expect, it } from "vitest";
import { left, limits } from "./idle";

describe("the idle limit", () => {
  it("warns for the last seconds only, and ends at none", () => {
    const at = (s: number) => left(s * 1000, limits.after, limits.warn);
    expect(at(0)).toBeUndefined();
    expect(at(44)).toBeUndefined();
    expect(at(45)).toBe(15);
    expect(at(59.2)).toBe(1);
    expect(at(60)).toBe(0);
    expect(at(600)).toBe(0);
  });
});
