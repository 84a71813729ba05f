import { describe, expect, test } from "vitest";
import { byVersion, faultAt, fieldsOf, kindsOf, kindsText, type Notice, placesLeft, textOf } from "./fields";

const kinds = [
  { function: "Enrolment", data: ["your name", "the photograph – until the template is made"] },
  { function: "Recognition", data: ["the template"] },
];

describe("the form of a notice", () => {
  test("functions and data come back as they were", () => {
    expect(kindsOf(kindsText(kinds))).toEqual(kinds);
    expect(kindsOf("登记\n- 姓名\n–照片\n")).toEqual([{ function: "登记", data: ["姓名", "照片"] }]);
  });

  test("data without a function keeps a place for the fault to point at", () => {
    expect(kindsOf("- a name")).toEqual([{ function: "", data: ["a name"] }]);
    expect(kindsOf("")).toEqual([]);
  });

  test("an empty optional field is left out, the others stay", () => {
    const text = textOf({ ...fieldsOf(undefined), title: "T" });
    expect(text).not.toHaveProperty("legal_extras");
    expect(text).toMatchObject({ title: "T", purpose: "", kinds: [] });
  });

  test("places of the template are counted in every field", () => {
    expect(placesLeft({ ...fieldsOf(undefined), contact: "{{a}} and {{b}}", kinds: "x\n- {{c}}" })).toBe(3);
  });
});

test.each([
  ["zh-CN.kinds[0].data[1]", "zh-CN", "kinds"],
  ["en.title", "en", "title"],
  ["zh-CN", "zh-CN", "title"],
  ["version", undefined, "version"],
])("a fault at %s belongs to its field", (object, language, field) => {
  expect(faultAt(object)).toEqual({ ...(language ? { language } : {}), field });
});

test("the newest revision of the newest version comes first", () => {
  const n = (version: string, revision: number, created_at: string) =>
    ({ version, revision, created_at }) as Notice;
  const list = byVersion([n("1", 1, "2026-01-01"), n("1", 2, "2026-02-01"), n("2", 1, "2026-03-01")]);
  expect(list.map((v) => v.map((x) => `${x.version}.${x.revision}`))).toEqual([["2.1"], ["1.2", "1.1"]]);
});
