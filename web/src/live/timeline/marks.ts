import type { HouseEvent, Recording } from "../../api/client";
import type { Note } from "./notes";
import type { Span } from "./scale";

/** An event, or a note, at its instant. */
export type Mark = { id: string; at: number; camera: string } & (
  | { tone: "person" | "warn" | "bad" | "quiet"; event: HouseEvent }
  | { tone: "note"; note: Note }
);

/** A stretch in which a camera was lost or wholly masked. */
export interface Trouble extends Span {
  kind: "lost" | "mask";
  code: string;
}

/** What the timeline shows of one camera. */
export interface Row {
  camera: string;
  marks: Mark[]; // oldest first
  troubles: Trouble[];
}

/** The kinds of events that are shown on the timeline. */
export const markKinds = ["match", "unmask", "claim_outcome", "camera_health", "gate_change"] as const;

/**
 * Events, in any order, as rows by camera. A trouble whose beginning is not
 * among them began at `seen.from`; one without an end lasts until `seen.to`.
 */
export function rowsOf(
  cameras: readonly string[],
  events: readonly HouseEvent[],
  seen: Span,
  notes: readonly Note[] = [],
): Row[] {
  const sorted = events.toSorted((a, b) => Date.parse(a.ts) - Date.parse(b.ts) || a.seq - b.seq);
  return cameras.map((camera) => {
    const row = rowOf(camera, sorted, seen);
    const own = notes.filter((n) => n.camera === camera);
    row.marks.push(
      ...own.map((note) => ({ id: note.id, at: Date.parse(note.at), camera, tone: "note" as const, note })),
    );
    row.marks.sort((a, b) => a.at - b.at);
    return row;
  });
}

function rowOf(camera: string, sorted: readonly HouseEvent[], seen: Span): Row {
  const row: Row = { camera, marks: [], troubles: [] };
  const open: Partial<Record<Trouble["kind"], Trouble>> = {};
  const known: Partial<Record<Trouble["kind"], boolean>> = {};
  const begin = (kind: Trouble["kind"], from: number, code: string) => {
    known[kind] = true;
    if (open[kind]) return;
    const trouble: Trouble = { kind, code, from, to: seen.to };
    open[kind] = trouble;
    row.troubles.push(trouble);
  };
  const end = (kind: Trouble["kind"], to: number) => {
    if (!known[kind]) begin(kind, seen.from, "");
    const trouble = open[kind];
    if (trouble) trouble.to = to;
    delete open[kind];
  };
  for (const event of sorted) {
    if (event.camera !== camera) continue;
    const at = Date.parse(event.ts);
    const state = event.kind === "camera_health" ? (event.detail?.state ?? "") : "";
    const code = event.detail?.code ?? "";
    if (state === "retrying" || state === "failed") begin("lost", at, code);
    if (state === "connected") {
      if (open.lost) end("lost", at);
      known.lost = true; // a first connection ends nothing
    }
    if (state === "full_mask") begin("mask", at, code);
    if (state === "mask_ended") end("mask", at);
    row.marks.push({ id: event.id, at, camera, event, tone: toneOf(event.kind, state) });
  }
  return row;
}

function toneOf(kind: string, state: string): "person" | "warn" | "bad" | "quiet" {
  if (kind === "match" || kind === "unmask" || kind === "claim_outcome") return "person";
  if (state === "retrying" || state === "failed") return "bad";
  if (state === "full_mask" || state === "leak_suspected" || kind === "gate_change") return "warn";
  return "quiet";
}

/** The mark nearest to an instant, not further than `reach` away. */
export function nearest(marks: readonly Mark[], at: number, reach: number): Mark | undefined {
  let best: Mark | undefined;
  for (const m of marks) {
    const far = Math.abs(m.at - at);
    if (far <= reach && (!best || far < Math.abs(best.at - at))) best = m;
  }
  return best;
}

/** The instant of the mark before or after another one; undefined when there is none. */
export function neighbour(marks: readonly Mark[], at: number, direction: 1 | -1): number | undefined {
  let best: number | undefined;
  for (const m of marks) {
    if (direction * (m.at - at) < 500) continue; // ms: what is being looked at is not its own neighbour
    if (best === undefined || direction * (m.at - best) < 0) best = m.at;
  }
  return best;
}

/** The recording that holds an instant of a camera, else the one that begins next. */
export function recordingAt(list: readonly Recording[], camera: string, at: number): Recording | undefined {
  let next: Recording | undefined;
  for (const r of list) {
    if (r.camera !== camera) continue;
    const from = Date.parse(r.from);
    if (from <= at && at < Date.parse(r.to)) return r;
    if (from > at && (!next || from < Date.parse(next.from))) next = r;
  }
  return next;
}
