import { describe, expect, it } from "vitest";
import { deviceName } from "./device";
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

it.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Chrome · Linux",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36 Edg/131.0",
    "Edge · Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1",
    "Safari · iPhone",
  ],
  ["Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox · Android"],
  ["curl/8.5.0", "curl/8.5.0"],
  ["", "–"],
])("%s is called %s", (agent, want) => {
  expect(deviceName(agent)).toBe(want);
});

it("names the same texts in both languages", () => {
  expect(Object.keys(mine["zh-CN"]).toSorted()).toEqual(Object.keys(mine.en).toSorted());
});
