import { expect, test } from "vitest";
import { runsOf } from "./diff";

const text = (runs: ReturnType<typeof runsOf>, without: string) =>
  runs
    .filter((r) => r.kind !== without)
    .map((r) => r.text)
    .join("");

test.each([
  ["en", "Faces are kept for 30 days.", "Faces are kept for 3 days, then erased."],
  ["zh-CN", "人脸信息保存三十日。", "人脸信息保存三日后删除。"],
  ["en", "", "first words"],
  ["en", "line one\n\nline two", "line one\nline 2"],
])("both sides can be read off the runs (%s)", (lang, before, after) => {
  const runs = runsOf(before, after, lang);
  expect(text(runs, "new")).toBe(before);
  expect(text(runs, "gone")).toBe(after);
});

test("only the words that changed are marked", () => {
  expect(runsOf("kept for 30 days", "kept for 3 days", "en").filter((r) => r.kind !== "same")).toEqual([
    { kind: "gone", text: "30" },
    { kind: "new", text: "3" },
  ]);
  expect(
    runsOf("保存三十日", "保存三日", "zh-CN").some((r) => r.kind === "same" && r.text.includes("保存")),
  ).toBe(true);
});
