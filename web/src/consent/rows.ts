// A table of paper consents, as CSV, into the rows of an import.
import type { Schemas } from "../api/client";

export type ImportRow = Schemas["ConsentImportRow"];

export const columns = [
  "person",
  "purpose",
  "scenes",
  "zones",
  "under_14",
  "language",
  "notice_hash",
  "basis",
  "evidence_sha256",
  "act_at",
  "expires_at",
] as const;
type Column = (typeof columns)[number];

export type Fault = "noHead" | "noRows" | "tooMany";

export const maxRows = 10_000;

/** The cells of a CSV text (RFC 4180): quotes, doubled quotes, line ends of every kind. */
export function cells(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const s = text.replace(/^\uFEFF/, "");
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.some((c) => c.trim() !== "")) rows.push(row);
    row = [];
  };
  for (let i = 0; i < s.length; i++) {
    const c = s[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (s[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === ",") endCell();
    else if (c === "\n") endRow();
    else if (c !== "\r") cell += c;
  }
  endRow();
  return rows;
}

/**
 * The rows of a table. Every value goes to the server as it stands, which says
 * of each row what is missing; an empty cell is left out.
 */
export function rowsOf(text: string): { rows: ImportRow[] } | { fault: Fault } {
  const [head, ...rest] = cells(text);
  const names = (head ?? []).map((h) => h.trim().toLowerCase());
  if (!names.includes("person") || !names.includes("purpose")) return { fault: "noHead" };
  if (rest.length === 0) return { fault: "noRows" };
  if (rest.length > maxRows) return { fault: "tooMany" };
  return {
    rows: rest.map((r) => {
      const at = (c: Column) => (r[names.indexOf(c)] ?? "").trim();
      return rowOf(at);
    }),
  };
}

function rowOf(at: (c: Column) => string): ImportRow {
  const row: ImportRow = {};
  const text = (c: Column) => at(c) || undefined;
  const list = (c: Column) => (at(c) ? at(c).split(/[\s;]+/) : undefined);
  const set = <K extends keyof ImportRow>(key: K, value: ImportRow[K] | undefined) => {
    if (value !== undefined) row[key] = value;
  };
  set("person", text("person"));
  set("purposes", text("purpose") ? [at("purpose")] : undefined);
  set("scenes", list("scenes"));
  set("zones", list("zones"));
  set(
    "under_14",
    /^(yes|no|true|false|是|否)$/i.test(at("under_14")) ? /^(yes|true|是)$/i.test(at("under_14")) : undefined,
  );
  set("language", text("language"));
  set("notice_hash", text("notice_hash"));
  set("basis", text("basis"));
  set("evidence_sha256", text("evidence_sha256"));
  set("act_at", moment(at("act_at")));
  set("expires_at", moment(at("expires_at")));
  return row;
}

/** A day or a moment in the form that the server reads; what is neither counts as missing. */
function moment(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const d = new Date(text);
  return Number.isNaN(d.getTime()) ? undefined : d.toISOString();
}

/** An empty table with one example row, for a spreadsheet. */
export function template(scene: string, zone: string, hash: string): string {
  const example = ["p1", "match", scene, zone, "no", "en", hash, "separate consent", "", "2026-01-31", ""];
  return `\uFEFF${columns.join(",")}\r\n${example.join(",")}\r\n`;
}
