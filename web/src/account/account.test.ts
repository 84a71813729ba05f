import { describe, expect, it } from "vitest";
import { destination } from "./session";
import { strengthOf } from "./strength";
import { mine } from "./texts";

describe("destination", () => {
  it.each([
    ["/zones/3?x=1", "/zones/3?x=1"],
    ["/", "/"],
    [null, "/"],
    ["", "/"],
    ["//elsewhere.example", "/"],
    ["https://elsewhere.example", "/"],
    ["/\\elsewhere.example", "/"],
    ["/signin?then=/signin", "/"],
    ["/setup", "/"],
    ["javascript:alert(1)", "/"],
  ])("%s leads to %s", (then, want) => {
    expect(destination(then)).toBe(want);
  });
});

describe("strengthOf", () => {
  it.each([
    ["short", "short"],
    ["password1234", "weak"],
    ["aaaaaaaaaaaaaa", "weak"],
    ["123456789012", "weak"],
    ["abcdefghijklmnop", "weak"],
    ["paul-paul-paul", "weak"],
    ["turquoise ladder", "fair"],
    ["turquoise ladder forgets noon", "strong"],
  ])("%s is %s", (password, want) => {
    expect(strengthOf(password, "paul").is).toBe(want);
  });
});

it("names the same texts in both languages", () => {
  expect(Object.keys(mine["zh-CN"]).toSorted()).toEqual(Object.keys(mine.en).toSorted());
});
