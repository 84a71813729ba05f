// The canonical form of an event, as internal/event/canonical.go defines it:
// what row_hash covers. A page that trusts the server's hash checks nothing, so
// this is written here again, and held against vectors made by the server's code.

/** Mark of a field's type in the canonical form. */
export type Mark = "s" | "t" | "u" | "f" | "d" | "b" | "m";

/** Every field that the hash covers, in the order of their names. */
export const canonicalFields: readonly (readonly [name: string, mark: Mark])[] = [
  ["assessment_id", "s"],
  ["camera_id", "s"],
  ["chain_id", "s"],
  ["consent_ref", "d"],
  ["consent_version", "u"],
  ["dek_id", "s"],
  ["detail", "m"],
  ["event_id", "s"],
  ["gallery_root", "d"],
  ["gallery_size", "u"],
  ["gate_bits", "u"],
  ["gate_mode", "s"],
  ["inspection_id", "s"],
  ["kind", "s"],
  ["margin", "f"],
  ["model_digest", "d"],
  ["notice_version", "s"],
  ["pad", "s"],
  ["payload_enc", "b"],
  ["policy_version", "u"],
  ["prev_hash", "d"],
  ["quality", "f"],
  ["receipt_id", "s"],
  ["ref_event", "s"],
  ["reviewer_ref", "d"],
  ["salt", "b"],
  ["scene_id", "s"],
  ["score", "f"],
  ["seq", "u"],
  ["sign_set_hash", "d"],
  ["site_id", "s"],
  ["subject_ref", "d"],
  ["template_ref", "d"],
  ["threshold", "f"],
  ["ts", "t"],
  ["ts_quality", "s"],
  ["verdict", "s"],
  ["zone_id", "s"],
  ["zone_version", "u"],
];

const marks = new Map(canonicalFields);
const domain = "bystander/event/v1\0";
const text = new TextEncoder();

/** An event's row that cannot be read; the message names the field. */
export class RowError extends Error {}

/** An event as its JSON form has it. Whole numbers that JavaScript would round are kept as text. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads the JSON form of an event, and refuses what is no plain object. */
export function parseRow(json: string): Row {
  let row: unknown;
  try {
    row = JSON.parse(json.replace(tokens, keepLong));
  } catch (err) {
    throw new RowError(`no JSON: ${String(err)}`);
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) throw new RowError("no object");
  for (const name of Object.keys(row))
    if (!marks.has(name) && name !== "row_hash" && name !== "node_sig")
      throw new RowError(`unknown field ${name}`);
  return row as Row;
}

// Strings are matched so that digits inside them stay as they are.
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Quotes integers of more digits than a double holds exactly. */
function keepLong(token: string): string {
  return token.length > 15 && /^\d+$/.test(token) ? `"${token}"` : token;
}

/** SHA-256 over domain, link and canonical form: what row_hash should be. */
export async function rowHash(row: Row): Promise<Uint8Array> {
  const prev = row.prev_hash === undefined ? new Uint8Array(32) : digest("prev_hash", row.prev_hash);
  return sha256(text.encode(domain), prev, canonical(row));
}

/** The canonical form; fields that hold nothing are left out. */
export function canonical(row: Row): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, mark] of canonicalFields) {
    const value = row[name];
    if (value === undefined || value === null) continue;
    const bytes = encode(name, mark, value);
    if (bytes === undefined) continue;
    const key = text.encode(name);
    parts.push(Uint8Array.of(key.length), key, text.encode(mark), u32(bytes.length), bytes);
  }
  return concat(...parts);
}

/** A field's value in bytes; undefined for one that holds nothing. */
function encode(name: string, mark: Mark, value: unknown): Uint8Array | undefined {
  switch (mark) {
    case "s":
      return value === "" ? undefined : text.encode(str(name, value));
    case "t": {
      const ms = Date.parse(str(name, value));
      if (Number.isNaN(ms)) throw new RowError(`${name} is no time`);
      return u64(BigInt(ms));
    }
    case "u":
      return integer(name, value);
    case "f": {
      const n = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof n !== "number" || !Number.isFinite(n)) throw new RowError(`${name} is no number`);
      return n === 0 ? undefined : f32(n);
    }
    case "d": {
      if (value === "") return undefined;
      const d = digest(name, value);
      return d.every((b) => b === 0) ? undefined : d;
    }
    case "b": {
      const b = fromBase64(str(name, value));
      return b.length === 0 ? undefined : b;
    }
    case "m":
      return pairs(name, value);
  }
}

function str(name: string, value: unknown): string {
  if (typeof value !== "string") throw new RowError(`${name} is no text`);
  return value;
}

function integer(name: string, value: unknown): Uint8Array | undefined {
  if (typeof value === "string" && /^\d+$/.test(value)) return u64(BigInt(value));
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new RowError(`${name} is no whole number that this browser can hold`);
  return value === 0 ? undefined : u64(BigInt(value));
}

function digest(name: string, value: unknown): Uint8Array {
  const b = fromHex(str(name, value));
  if (b?.length !== 32) throw new RowError(`${name} is no hash`);
  return b;
}

/** Keys in the order of their bytes, each with its length, then each value. */
function pairs(name: string, value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RowError(`${name} is no object`);
  const list = Object.entries(value).map(([k, v]) => [text.encode(k), text.encode(str(name, v))] as const);
  if (list.length === 0) return undefined;
  list.sort(([a], [b]) => compare(a, b));
  return concat(...list.flatMap(([k, v]) => [u32(k.length), k, u32(v.length), v]));
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

function u32(n: number): Uint8Array {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n);
  return b;
}

function u64(n: bigint): Uint8Array {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, n);
  return b;
}

function f32(n: number): Uint8Array {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setFloat32(0, n);
  return b;
}

/** SHA-256 over the parts in their order. */
export async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

export function toHex(b: Uint8Array): string {
  return Array.from(b, (v) => v.toString(16).padStart(2, "0")).join("");
}

/** Lower-case hex in bytes; undefined for anything else. */
export function fromHex(s: string): Uint8Array | undefined {
  if (s.length % 2 !== 0 || !/^[0-9a-f]*$/.test(s)) return undefined;
  return Uint8Array.from({ length: s.length / 2 }, (_, i) => Number.parseInt(s.slice(2 * i, 2 * i + 2), 16));
}

/** Base64 in bytes. Throws RowError for anything that is not exactly that. */
export function fromBase64(s: string): Uint8Array<ArrayBuffer> {
  let raw: string;
  try {
    raw = atob(s);
  } catch {
    throw new RowError("no Base64");
  }
  if (btoa(raw) !== s) throw new RowError("no Base64");
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}
