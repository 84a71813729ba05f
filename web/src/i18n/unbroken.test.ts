import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Lang, Words } from "./i18n";
import { unbroken } from "./unbroken";

const langs: readonly Lang[] = ["en", "zh-CN"];
const noBreak = /[\u00a0\u202f\u2060]/;
const han = /\p{Script=Han}/u;

/** Where a line could end within a text: at a space, and beside a Chinese character. */
function breaks(text: string): string[] {
  const c = [...text];
  return c.flatMap((b, i) => {
    const a = c[i - 1];
    if (/\s/.test(b) && !noBreak.test(b)) return [`${i} space`];
    if (a === undefined || noBreak.test(a) || noBreak.test(b)) return [];
    return han.test(a) || han.test(b) ? [`${i} ${a}|${b}`] : [];
  });
}

/** The text as it reads, whatever holds it together. */
const read = (text: string) => text.replaceAll("\u2060", "").replaceAll("\u00a0", " ");

describe("text that no line ends within", () => {
  test.each([
    ["Nov 22, 2026, 14:05", "Nov\u00a022,\u00a02026,\u00a014:05"],
    ["2026年11月22日 14:05", "2026\u2060年\u206011\u2060月\u206022\u2060日\u00a014:05"],
    ["3天后", "3\u2060天\u2060后"],
    ["3\u202fMB", "3\u202fMB"],
    ["–", "–"],
    ["", ""],
  ])("%s", (plain, whole) => expect(unbroken(plain)).toBe(whole));

  test("holds any text together, says the same, and changes nothing a second time", () => {
    const piece = fc.constantFrom("年", "月", " ", "  ", "\n", "\u00a0", "1", "a", ",", ":", "\u2060");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const whole = unbroken(text);
        expect(breaks(whole)).toEqual([]);
        expect(read(whole).split(/\s+/)).toEqual(read(text).split(/\s+/));
        expect(unbroken(whole)).toBe(whole);
      }),
    );
  });
});

describe("dates and times of a page", () => {
  const ts = fc
    .date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
    .map((d) => d.toISOString());
  const now = new Date("2026-11-22T14:05:06Z");

  test("stay on one line in both languages", () => {
    fc.assert(
      fc.property(ts, fc.constantFrom(...langs), (iso, lang) => {
        const w = new Words(lang);
        const seconds = Date.parse(iso) / 1000;
        for (const text of [
          w.moment(iso),
          w.day(iso),
          w.time(iso, now),
          w.ago(iso, now.getTime()),
          w.until(iso, now.getTime()),
          w.duration(seconds),
          w.bytes(seconds),
        ])
          expect(breaks(text)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test("read as the languages write them", () => {
    const [en, zh] = [new Words("en"), new Words("zh-CN")];
    const iso = "2026-11-22T14:05:06";
    expect(read(en.moment(iso))).toBe("Nov 22, 2026, 14:05");
    expect(read(zh.moment(iso))).toBe("2026年11月22日 14:05");
    expect(read(zh.day(iso))).toBe("2026年11月22日");
    expect(read(en.time(iso, new Date("2026-11-23T00:00:00")))).toBe("Nov 22, 14:05:06");
    expect(en.time(iso, new Date("2026-11-22T00:00:00"))).toBe("14:05:06");
  });

  test("what is no date is a dash", () => {
    for (const lang of langs) {
      const w = new Words(lang);
      expect([w.moment("soon"), w.day("soon"), w.time("soon"), w.until("soon")]).toEqual([
        "–",
        "–",
        "–",
        "–",
      ]);
    }
  });
});
