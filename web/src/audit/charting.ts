// Which pictures an answer gives, and their figures. Nothing here draws.
import type { Answer, Row } from "./answer";

export type Chart =
  | { kind: "time"; step: "minute" | "hour" | "day"; points: readonly { at: number; n: number }[] }
  | { kind: "bars"; by: string; items: readonly { label: string; n: number | null }[] }
  | { kind: "spans"; from: number; to: number; rows: readonly SpanRow[] }
  | { kind: "share"; items: readonly { label: string; n: number; limit: number }[] };

export interface SpanRow {
  label: string;
  spans: readonly { from: number; to: number; fault: boolean; reason: string }[];
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const mostBars = 12;

// By what the rows of a question are counted.
const grouping: Readonly<Record<string, string>> = {
  "consent-missing": "zone_id",
  "zone-unlawful": "fault",
  "after-withdrawal": "zone_id",
  children: "zone_id",
  confirmations: "confirmed",
  reads: "action",
  overdue: "what",
};

/** The charts that fit an answer; none where a picture would say less than the table. */
export function chartsOf(a: Answer): Chart[] {
  if (a.rows.length === 0) return [];
  switch (a.name) {
    case "use-and-faults":
      return [spans(a)];
    case "people-held":
      return [share(a)];
    case "zone-outcomes":
      return [
        ...over(a, "hour", sumOf("matches", "claims_matched", "verified")),
        bars(a, "zone_id", sumOf("matches", "claims_matched", "verified")),
      ];
    case "query":
      return built(a);
  }
  const by = grouping[a.name];
  if (!by || a.rows.length < 2) return [];
  const count = a.name === "overdue" ? sumOf("count") : () => 1;
  return [...over(a, "ts", count), bars(a, by, count)];
}

/** Of the query builder: over time where time is a group, by the first other group. */
function built(a: Answer): Chart[] {
  const names = a.columns.map((c) => c.name);
  if (!names.includes("events")) return [...over(a, "ts", () => 1), bars(a, "kind", () => 1)];
  const time = names.includes("hour") ? "hour" : names.includes("day") ? "day" : "";
  const other = names.find((n) => !["hour", "day", "events", "pseudonyms", "withheld"].includes(n));
  return [...(time ? over(a, time, sumOf("events")) : []), ...(other ? [bars(a, other, withheld)] : [])];
}

type Count = (row: Row) => number | null;

function sumOf(...columns: string[]): (row: Row) => number {
  return (row) => columns.reduce((n, c) => n + (typeof row[c] === "number" ? (row[c] as number) : 0), 0);
}

const withheld: Count = (row) => (typeof row.events === "number" ? row.events : null);

/** Counts in steps of time; empty steps count nothing and are there. */
function over(a: Answer, column: string, count: (row: Row) => number): Chart[] {
  const times = a.rows.map((r) => Date.parse(String(r[column] ?? ""))).filter((t) => !Number.isNaN(t));
  if (times.length === 0) return [];
  const from = Math.min(...times);
  const to = Math.max(...times);
  const step =
    column === "day" || to - from > 4 * day
      ? "day"
      : column === "hour" || to - from > 3 * hour
        ? "hour"
        : "minute";
  const size = { minute, hour, day }[step];
  const first = Math.floor(from / size);
  const points = Array.from({ length: Math.floor(to / size) - first + 1 }, (_, i) => ({
    at: (first + i) * size,
    n: 0,
  }));
  for (const row of a.rows) {
    const at = Date.parse(String(row[column] ?? ""));
    const p = points[Math.floor(at / size) - first];
    if (p) p.n += count(row);
  }
  return points.length > 1 ? [{ kind: "time", step, points }] : [];
}

/** Counts by a column, the largest first; what has no number is last. */
function bars(a: Answer, by: string, count: Count): Chart {
  const sums = new Map<string, number | null>();
  for (const row of a.rows) {
    const label = String(row[by] ?? "");
    const n = count(row);
    const had = sums.get(label);
    sums.set(label, n === null ? (had ?? null) : (had ?? 0) + n);
  }
  const items = [...sums].map(([label, n]) => ({ label, n })).sort((x, y) => (y.n ?? -1) - (x.n ?? -1));
  return { kind: "bars", by, items: items.slice(0, mostBars) };
}

/** Sums by zone, for the floor plan. */
export function byZone(a: Answer): Map<string, number> {
  const column = ["zone_id", "zone"].find((c) => a.columns.some((x) => x.name === c));
  const sums = new Map<string, number>();
  if (!column) return sums;
  const count =
    a.name === "zone-outcomes"
      ? sumOf("matches", "claims_matched", "verified")
      : a.columns.some((c) => c.name === "events")
        ? sumOf("events")
        : () => 1;
  for (const row of a.rows) {
    const zone = String(row[column] ?? "");
    if (zone) sums.set(zone, (sums.get(zone) ?? 0) + count(row));
  }
  return sums;
}

function spans(a: Answer): Chart {
  const rows = new Map<string, { from: number; to: number; fault: boolean; reason: string }[]>();
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const row of a.rows) {
    const since = Date.parse(String(row.since ?? ""));
    const until = Date.parse(String(row.until ?? ""));
    if (Number.isNaN(since) || Number.isNaN(until)) continue;
    from = Math.min(from, since);
    to = Math.max(to, until);
    const label = String(row.camera_id ?? "");
    const list = rows.get(label) ?? [];
    list.push({ from: since, to: until, fault: row.what !== "in use", reason: String(row.reason ?? "") });
    rows.set(label, list);
  }
  return { kind: "spans", from, to, rows: [...rows].map(([label, list]) => ({ label, spans: list })) };
}

function share(a: Answer): Chart {
  return {
    kind: "share",
    items: a.rows.map((r) => {
      const n = typeof r.enrolled === "number" ? r.enrolled : 0;
      const percent = typeof r.share_percent === "number" ? r.share_percent : 0;
      return {
        label: String(r.site_id ?? ""),
        n,
        limit: percent > 0 ? Math.round((n / percent) * 100) : 100_000,
      };
    }),
  };
}
