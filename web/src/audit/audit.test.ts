import { describe, expect, it } from "vitest";
import { type Answer, pseudonym, questionURL } from "./answer";
import { momentText } from "./cell";
import { byZone, chartsOf } from "./charting";
import { columnTexts } from "./columntexts";
import { parseKept } from "./kept";
import { fault, rightOrder } from "./params";
import { purposeText } from "./purpose";
import { bodyOf } from "./query";
import { tally } from "./verifying";

function answer(name: string, columns: string[], rows: (string | number | null)[][]): Answer {
  return {
    name,
    number: 1,
    title: "",
    check: false,
    holds: true,
    columns: columns.map((c) => ({ name: c, type: "text" as const })),
    rows: rows.map((r) => Object.fromEntries(r.map((v, i) => [columns[i] as string, v]))),
    more: false,
    took_ms: 1,
  };
}

describe("moments", () => {
  it("stand on one line, as fine as they are", () => {
    const iso = "2026-11-22T14:05:06";
    expect(momentText(iso, "en")).toBe("Nov\u00a022,\u00a02026,\u00a014:05:06");
    expect(momentText(iso, "en", "hour")).toBe("Nov\u00a022,\u00a02026,\u00a014:05");
    expect(momentText(iso, "zh-CN", "day")).toBe("2026\u2060年\u206011\u2060月\u206022\u2060日");
    expect(momentText("soon", "en")).toBe("soon");
  });
});

describe("charts", () => {
  it("count in steps, with empty steps between", () => {
    const at = (m: number) => new Date(Date.UTC(2026, 10, 1, 9, m)).toISOString();
    const [time, bars] = chartsOf(
      answer(
        "reads",
        ["ts", "action"],
        [
          [at(0), "live"],
          [at(0), "record"],
          [at(3), "live"],
        ],
      ),
    );
    expect(time).toMatchObject({ kind: "time", step: "minute" });
    expect(time?.kind === "time" && time.points.map((p) => p.n)).toEqual([2, 0, 0, 1]);
    expect(bars).toEqual({
      kind: "bars",
      by: "action",
      items: [
        { label: "live", n: 2 },
        { label: "record", n: 1 },
      ],
    });
  });

  it("show what is withheld as withheld, not as nothing", () => {
    const a = answer(
      "query",
      ["zone", "events", "pseudonyms", "withheld"],
      [
        ["attic", null, null, "yes"],
        ["hall", 9, 7, "no"],
      ],
    );
    expect(chartsOf(a)).toEqual([
      {
        kind: "bars",
        by: "zone",
        items: [
          { label: "hall", n: 9 },
          { label: "attic", n: null },
        ],
      },
    ]);
    expect(byZone(a).get("hall")).toBe(9);
  });

  it("draw periods of use, and the share of a threshold", () => {
    const [spans] = chartsOf(
      answer(
        "use-and-faults",
        ["camera_id", "what", "since", "until", "reason"],
        [
          ["c", "in use", "2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z", ""],
          ["c", "masked by fault", "2026-11-01T09:10:00Z", "2026-11-01T09:11:00Z", "DETECTOR_LATE"],
        ],
      ),
    );
    expect(spans?.kind === "spans" && spans.rows[0]?.spans.map((s) => s.fault)).toEqual([false, true]);
    const [share] = chartsOf(
      answer("people-held", ["site_id", "enrolled", "share_percent"], [["s", 80000, 80]]),
    );
    expect(share).toMatchObject({ kind: "share", items: [{ n: 80000, limit: 100000 }] });
    expect(chartsOf(answer("reads", ["ts", "action"], []))).toEqual([]);
  });
});

describe("what is sent", () => {
  it("names parameters in a fixed order and leaves empty ones out", () => {
    const { url } = questionURL("reads", { zone: "", from: "-7d", site: "a" }, "audit:2026");
    expect(url("csv")).toBe(
      "/v1/audit/questions/reads/answer?purpose=audit%3A2026&format=csv&set=from%3A-7d%2Csite%3Aa",
    );
  });

  it("is checked first", () => {
    const p = (name: string, type: "int" | "event_id" | "duration", required = false) => ({
      name,
      type,
      required,
      about: "",
    });
    expect(fault(p("rows", "int"), "x")).toBe("bad.number");
    expect(fault(p("event", "event_id", true), "")).toBe("bad.needed");
    expect(fault(p("event", "event_id"), "01a2038d-f0cb-75fa-a57a-e14d775acf0e")).toBeUndefined();
    expect(fault(p("grace", "duration"), "-1s")).toBe("bad.number");
    expect(rightOrder({ from: "-7d", to: "now" })).toBe(true);
    expect(rightOrder({ from: "2026-11-02T00:00:00Z", to: "2026-11-01T00:00:00Z" })).toBe(false);
    expect(purposeText("incident", " ")).toBe("");
    expect(purposeText("incident", " 12 ")).toBe("incident:12");
    expect(purposeText("audit", "")).toBe("audit");
  });

  it("never counts one person's events", () => {
    const now = Date.UTC(2026, 10, 8);
    const form = {
      filled: { from: "-7d", to: "now", zone: "hall" },
      kind: "match" as const,
      outcome: "*" as const,
      subject: "ab".repeat(32),
      show: "count" as const,
      by: "day" as const,
      also: "zone" as const,
      rows: "99999",
    };
    const body = bodyOf(form, "audit", now);
    expect(body).toMatchObject({
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-08T00:00:00.000Z",
      kinds: ["match"],
      zones: ["hall"],
      group: ["day", "zone"],
      rows: 10_000,
    });
    expect(body.subject).toBeUndefined();
    expect(bodyOf({ ...form, show: "list" }, "audit", now)).toMatchObject({ subject: form.subject });
  });
});

it("names a pseudonym as the server does", () => {
  // api/pseudonym_test.go has the same pairs' rule: letter, digit, letter, letter.
  expect(pseudonym("598380c7e322")).toBe("T5UM");
  expect(pseudonym("")).toBe("");
});

it("passes over what is no kept checkpoint", () => {
  const k = { origin: "o", vkey: "v", checkpoint: "c", at: "t" };
  expect(parseKept(JSON.stringify([k, { origin: 1 }, null]))).toEqual([k]);
  expect(parseKept("{")).toEqual([]);
  expect(parseKept(null)).toEqual([]);
});

it("counts findings as auditors do", () => {
  const f = (code: string, seq: number, to?: number) => ({ code, seq, text: "", ...(to ? { to } : {}) });
  expect(
    tally({
      chain: "c",
      first: 1,
      last: 9,
      rows: 9,
      disposed: 0,
      checkpoints: 0,
      logged: 0,
      intact: false,
      elapsed_ns: 1,
      gaps: [{ from: 1, to: 2, rule: "r" }],
      findings: [f("DROPPED", 3, 5), f("DOUBLED", 6), f("ALTERED", 7), f("SWAPPED", 8, 9)],
    }),
  ).toEqual({ missing: 3, doubles: 1, broken: 3, gaps: 1 });
});

it("has words for each column in both languages", () => {
  expect(Object.keys(columnTexts.en).sort()).toEqual(Object.keys(columnTexts["zh-CN"]).sort());
});
