// An answer of the log as a table, whatever was asked.
import { csrfHeader, problemOf, RequestError } from "../api/client";
import { send as sent } from "../api/send";

export type ColumnType = "text" | "int" | "float" | "time" | "digest" | "duration" | "event_id" | "count";
export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

export interface Answer {
  name: string;
  number: number;
  title: string;
  check: boolean;
  holds: boolean;
  columns: readonly { name: string; type: ColumnType }[];
  rows: readonly Row[];
  more: boolean;
  took_ms: number;
}

export interface Param {
  name: string;
  type: ColumnType;
  required: boolean;
  default?: string;
  about: string;
}

export interface Question {
  number: number;
  name: string;
  title: string;
  about: string;
  check: boolean;
  params: readonly Param[];
  columns: readonly { name: string; type: ColumnType }[];
}

/** A request whose answer is a table, or a file of it. */
export interface Asked {
  url: (format: "json" | "csv" | "parquet") => string;
  /** The body of a POST; a GET without. */
  body?: object;
}

/** A question with its parameters; empty values are left out. */
export function questionURL(name: string, set: Readonly<Record<string, string>>, purpose: string): Asked {
  const pairs = Object.entries(set)
    .filter(([, v]) => v !== "")
    .map(([k, v]) => `${k}:${v}`)
    .sort();
  return {
    url: (format) => {
      const q = new URLSearchParams({ purpose, format });
      if (pairs.length > 0) q.set("set", pairs.join(","));
      return `/v1/audit/questions/${encodeURIComponent(name)}/answer?${q}`;
    },
  };
}

/** Asks, and reads the table. Fails with RequestError. */
export async function ask(asked: Asked, signal?: AbortSignal): Promise<Answer> {
  return (await (await send(asked, "json", signal)).json()) as Answer;
}

/** Fetches the answer as a file and hands it to the browser's downloads. */
export async function download(asked: Asked, format: "csv" | "parquet"): Promise<void> {
  const res = await send(asked, format);
  const name = /filename="([^"]+)"/.exec(res.headers.get("Content-Disposition") ?? "")?.[1];
  save(await res.blob(), name ?? `answer.${format}`);
}

/** Lets the browser save bytes under a name. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function send(
  asked: Asked,
  format: "json" | "csv" | "parquet",
  signal?: AbortSignal,
): Promise<Response> {
  let res: Response;
  try {
    res = await sent(
      new Request(asked.url(format), {
        method: asked.body ? "POST" : "GET",
        headers: asked.body ? { "Content-Type": "application/json", ...csrfHeader() } : {},
        ...(asked.body ? { body: JSON.stringify(asked.body) } : {}),
        ...(signal ? { signal } : {}),
      }),
    );
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  return res;
}

// Letters and digits that people do not mix up when they read them aloud.
const letters = "ACDEFHJKLMNPRTUVWXY";
const digits = "23456789";

/** The short name of a subject_ref, as everywhere in the house: a letter, a digit, two letters. */
export function pseudonym(ref: string): string {
  const b = [0, 2, 4, 6].map((i) => Number.parseInt(ref.slice(i, i + 2), 16));
  if (b.some(Number.isNaN)) return "";
  const letter = (n: number | undefined) => letters[(n ?? 0) % letters.length] ?? "";
  return letter(b[0]) + (digits[(b[1] ?? 0) % digits.length] ?? "") + letter(b[2]) + letter(b[3]);
}
