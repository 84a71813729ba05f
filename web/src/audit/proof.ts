// Checks, in the browser, that an event is on the log as it was written: from the
// row's own content up to a signed checkpoint, and on to one that the auditor kept.
// Nothing is taken on trust but the two public keys, which the page shows.
import { fromBase64, fromHex, parseRow, type Row, RowError, rowHash, same, sha256, toHex } from "./canonical";
import { consistent, leafHash, rootOfInclusion } from "./merkle";
import {
  type Checkpoint,
  NoEd25519,
  parseCheckpoint,
  parseVerifierKey,
  signedBy,
  verifyEd25519,
} from "./note";

/** The steps, in their order. */
export const steps = ["row", "edge", "leaf", "path", "checkpoint"] as const;
export type StepName = (typeof steps)[number];

/**
 * What a step found. "failed" is proof that something is not as it was
 * written; "unable" means that this browser, or this installation, cannot tell.
 */
export interface Step {
  name: StepName;
  state: "held" | "failed" | "unable";
  /** Stable code of what is wrong or missing. */
  code?: string;
  /** What was computed, for those who compare: name and text. */
  seen: readonly (readonly [name: string, value: string])[];
}

/** The server's answer of /v1/audit/proof. */
export interface Inclusion {
  origin: string;
  chain: string;
  seq: number;
  row_hash: string;
  leaf: string;
  index: number;
  size: number;
  hashes: readonly string[];
  checkpoint: string;
}

const text = new TextDecoder("utf-8", { fatal: true });

/** Checks one event. It always gives every step, so that the page can show where a chain of proof ends. */
export async function checkEvent(row: string, key: string, proof: Inclusion, vkey: string): Promise<Step[]> {
  const parsed = attempt(() => parseRow(row));
  const one = await rowStep(parsed);
  const two = await edgeStep(parsed, key);
  const three = leafStep(parsed, proof);
  const four = await pathStep(proof);
  const five = await checkpointStep(proof, vkey);
  return [one, two, three, four, five];
}

/** "held" when all steps held; one that failed outweighs those that could not tell. */
export function verdict(list: readonly Pick<Step, "state">[]): Step["state"] {
  if (list.some((s) => s.state === "failed")) return "failed";
  return list.every((s) => s.state === "held") ? "held" : "unable";
}

async function rowStep(row: Row | RowError): Promise<Step> {
  if (row instanceof RowError) return failed("row", "ROW_UNREADABLE", [["", row.message]]);
  const hash = await attemptAsync(() => rowHash(row));
  if (hash instanceof RowError) return failed("row", "ROW_UNREADABLE", [["", hash.message]]);
  const seen = [
    ["computed", toHex(hash)],
    ["row_hash", String(row.row_hash ?? "")],
  ] as const;
  return toHex(hash) === row.row_hash ? held("row", seen) : failed("row", "ROW_ALTERED", seen);
}

async function edgeStep(row: Row | RowError, key: string): Promise<Step> {
  if (row instanceof RowError) return failed("edge", "ROW_UNREADABLE", []);
  if (!key) return { name: "edge", state: "unable", code: "NO_EDGE_KEY", seen: [] };
  try {
    const pub = fromBase64(key);
    const seen = [["fingerprint", await fingerprint(pub)]] as const;
    const hash = fromHex(String(row.row_hash ?? ""));
    const ok =
      hash !== undefined &&
      (await verifyEd25519(pub, fromBase64(String(row.node_sig ?? "")), Uint8Array.from(hash)));
    return ok ? held("edge", seen) : failed("edge", "EDGE_SIGNATURE", seen);
  } catch (err) {
    return told("edge", err);
  }
}

function leafStep(row: Row | RowError, proof: Inclusion): Step {
  if (row instanceof RowError) return failed("leaf", "ROW_UNREADABLE", []);
  const data = attempt(() => text.decode(fromBase64(proof.leaf)));
  const want = `bystander/leaf/v1\n${String(row.chain_id)}\n${String(row.seq)}\n${String(row.row_hash)}\n`;
  const seen = [
    ["leaf", data instanceof RowError ? "" : data],
    ["index", String(proof.index)],
  ] as const;
  return data === want ? held("leaf", seen) : failed("leaf", "OTHER_LEAF", seen);
}

async function pathStep(proof: Inclusion): Promise<Step> {
  try {
    const leaf = await leafHash(fromBase64(proof.leaf));
    const path = proof.hashes.map(fromBase64);
    const root = await rootOfInclusion(proof.index, proof.size, leaf, path);
    const cp = parseCheckpoint(proof.checkpoint);
    const seen = [
      ["hashes", String(path.length)],
      ["root", root ? toHex(root) : ""],
      ["checkpoint_root", toHex(cp.root)],
      ["size", String(cp.size)],
    ] as const;
    if (cp.size !== proof.size || !root || !same(root, cp.root)) return failed("path", "OTHER_ROOT", seen);
    return held("path", seen);
  } catch (err) {
    return told("path", err);
  }
}

async function checkpointStep(proof: Inclusion, vkey: string): Promise<Step> {
  try {
    const cp = parseCheckpoint(proof.checkpoint);
    const key = await parseVerifierKey(vkey);
    const seen = [
      ["origin", cp.origin],
      ["size", String(cp.size)],
      ["vkey", vkey],
    ] as const;
    return (await signedBy(cp, key))
      ? held("checkpoint", seen)
      : failed("checkpoint", "CHECKPOINT_SIGNATURE", seen);
  } catch (err) {
    return told("checkpoint", err);
  }
}

/** What comparing with a kept checkpoint found. */
export interface Continued {
  state: "held" | "failed" | "unable";
  code?: string;
  /** Leaves under the older and the newer checkpoint. */
  from: number;
  to: number;
}

/** The log that a checkpoint names; empty when it is none. */
export function parseCheckpointOrigin(note: string): string {
  const cp = attempt(() => parseCheckpoint(note));
  return cp instanceof RowError ? "" : cp.origin;
}

/** The sizes to ask a consistency proof for: the older first. */
export function spanOf(kept: string, newest: string): { from: number; to: number; keptIsNewer: boolean } {
  const a = parseCheckpoint(kept);
  const b = parseCheckpoint(newest);
  return { from: Math.min(a.size, b.size), to: Math.max(a.size, b.size), keptIsNewer: a.size > b.size };
}

/**
 * Whether the log still holds all that a kept checkpoint committed to. Both
 * must be signed by the log's key; the proof's hashes join their roots.
 */
export async function checkContinued(
  kept: string,
  newest: string,
  vkey: string,
  hashes: readonly string[],
): Promise<Continued> {
  let from = 0;
  let to = 0;
  try {
    const key = await parseVerifierKey(vkey);
    const [a, b] = older(parseCheckpoint(kept), parseCheckpoint(newest));
    from = a.size;
    to = b.size;
    for (const cp of [a, b])
      if (!(await signedBy(cp, key))) return { state: "failed", code: "CHECKPOINT_SIGNATURE", from, to };
    const ok = await consistent(a.size, a.root, b.size, b.root, hashes.map(fromBase64));
    return ok ? { state: "held", from, to } : { state: "failed", code: "FORKED", from, to };
  } catch (err) {
    if (err instanceof NoEd25519) return { state: "unable", code: "NO_ED25519", from, to };
    if (err instanceof RowError) return { state: "failed", code: "CHECKPOINT_UNREADABLE", from, to };
    throw err;
  }
}

function older(a: Checkpoint, b: Checkpoint): [Checkpoint, Checkpoint] {
  return a.size <= b.size ? [a, b] : [b, a];
}

/** First half of the SHA-256 of a public key, in groups of four, to be compared by eye. */
export async function fingerprint(key: Uint8Array): Promise<string> {
  const hex = toHex((await sha256(key)).slice(0, 16));
  return (hex.match(/.{4}/g) ?? []).join(" ");
}

function held(name: StepName, seen: Step["seen"]): Step {
  return { name, state: "held", seen };
}

function failed(name: StepName, code: string, seen: Step["seen"]): Step {
  return { name, state: "failed", code, seen };
}

/** A step that ended early: the browser cannot, or what it read is no such thing. */
function told(name: StepName, err: unknown): Step {
  if (err instanceof NoEd25519) return { name, state: "unable", code: "NO_ED25519", seen: [] };
  if (err instanceof RowError) return failed(name, "UNREADABLE", [["", err.message]]);
  throw err;
}

function attempt<T>(f: () => T): T | RowError {
  try {
    return f();
  } catch (err) {
    if (err instanceof RowError) return err;
    if (err instanceof TypeError) return new RowError(err.message); // not UTF-8
    throw err;
  }
}

async function attemptAsync<T>(f: () => Promise<T>): Promise<T | RowError> {
  try {
    return await f();
  } catch (err) {
    if (err instanceof RowError) return err;
    throw err;
  }
}
