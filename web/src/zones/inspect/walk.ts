// A walkthrough as it is kept on the inspector's telephone until it is sent.

/** What is looked at, at every entrance. */
export const checks = ["visible", "readable", "pair", "code", "alternative"] as const;
export type Check = (typeof checks)[number];
export type Answer = "yes" | "no";

/** A photograph: its pixels are in the store as long as they are not sent. */
export interface Shot {
  /** The server's id; undefined while it waits on this device. */
  readonly id?: string;
  /** Faces that the server covered. */
  readonly masked?: number;
  readonly taken: string;
  /** What the server said when it did not take it. */
  readonly refused?: string;
}

export interface Walk {
  readonly zone: string;
  readonly zoneVersion: number;
  /** Who walks: another account on the same device sees its own walks only. */
  readonly account: string;
  readonly begun: string;
  /** In the order in which they are walked. */
  readonly entrances: readonly string[];
  readonly answers: Readonly<Record<string, Partial<Record<Check, Answer>>>>;
  readonly notes: Readonly<Record<string, string>>;
  readonly shots: Readonly<Record<string, Shot>>;
  /** Set once the inspector is done; what then goes to the server. */
  readonly verdict?: { readonly passed: boolean; readonly findings: string; readonly at: string };
  /** When sending began without an answer so far: it may have arrived. */
  readonly attempted?: string;
}

export function newWalk(
  zone: string,
  zoneVersion: number,
  account: string,
  entrances: readonly string[],
  now: string,
): Walk {
  return { zone, zoneVersion, account, begun: now, entrances, answers: {}, notes: {}, shots: {} };
}

export function answer(w: Walk, entrance: string, check: Check, a: Answer): Walk {
  return { ...w, answers: { ...w.answers, [entrance]: { ...w.answers[entrance], [check]: a } } };
}

export function note(w: Walk, entrance: string, text: string): Walk {
  return { ...w, notes: { ...w.notes, [entrance]: text } };
}

export function shoot(w: Walk, entrance: string, shot: Shot): Walk {
  return { ...w, shots: { ...w.shots, [entrance]: shot } };
}

/** How far an entrance is: what was answered, of checks and photograph. */
export function progress(w: Walk, entrance: string): { done: number; all: number } {
  const answered = checks.filter((c) => w.answers[entrance]?.[c]).length;
  return { done: answered + (w.shots[entrance] ? 1 : 0), all: checks.length + 1 };
}

export const complete = (w: Walk): boolean =>
  w.entrances.every((e) => {
    const p = progress(w, e);
    return p.done === p.all;
  });

/** Whether everything looked at was in order. */
export const inOrder = (w: Walk): boolean =>
  complete(w) && w.entrances.every((e) => checks.every((c) => w.answers[e]?.[c] === "yes"));

/** What was found, in words that the caller chooses, a line for each fault and note. */
export function findings(
  w: Walk,
  say: (entrance: string, what: Check | "note", note: string) => string,
): string {
  const lines: string[] = [];
  for (const e of w.entrances) {
    for (const c of checks) if (w.answers[e]?.[c] === "no") lines.push(say(e, c, ""));
    const text = w.notes[e]?.trim();
    if (text) lines.push(say(e, "note", text));
  }
  return lines.join("\n").slice(0, 5000);
}
