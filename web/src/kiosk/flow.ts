// The way of one person through the kiosk, without the pictures of it: what has
// been chosen, what the server has recorded, and what comes next. Nothing here
// is kept beyond the person: starting over makes a new Flow.
import type { Consent, Offer, Place, Purpose, ReceiptCode, Session } from "../enrol/types";
import { spoken } from "../enrol/types";

export type Step =
  | "welcome"
  | "place"
  | "zones"
  | "age"
  | "child"
  | "guardian"
  | "notice"
  | "ask"
  | "release"
  | "no"
  | "proof"
  | "capture"
  | "receipt"
  | "code"
  | "mine"
  | "answer";

export interface Flow {
  readonly step: Step;
  /** What the questions are told apart by; a random value, of which the server keeps a hash. */
  readonly party: string;
  readonly joins: boolean; // or only wants to see the way without recognition
  readonly place?: Place;
  readonly zones: readonly string[];
  readonly turns14?: string; // of a child
  readonly guardian?: string;
  readonly offer?: Offer;
  readonly asking: number; // index in spoken
  readonly session?: Session;
  readonly given: readonly Consent[];
  readonly code?: ReceiptCode;
  readonly mine: readonly Consent[];
  readonly answering?: Consent; // a consent to confirm or to renew
}

export type Move =
  | { kind: "join"; joins: boolean; places: readonly Place[] }
  | { kind: "place"; place: Place }
  | { kind: "zones"; zones: readonly string[] }
  | { kind: "age"; under14: boolean }
  | { kind: "child"; turns14: string; session: Session }
  | { kind: "guardian"; guardian: string }
  | { kind: "offer"; offer: Offer }
  | { kind: "read" }
  | { kind: "started"; session: Session }
  | { kind: "gave"; consent: Consent }
  | { kind: "declined"; purpose: Purpose }
  | { kind: "proved"; session: Session }
  | { kind: "enrolled" }
  | { kind: "code" }
  | { kind: "receipt"; code: ReceiptCode }
  | { kind: "mine"; mine: readonly Consent[] }
  | { kind: "withdrawn"; consent: Consent }
  | { kind: "answer"; consent: Consent }
  | { kind: "answered"; consent: Consent; session?: Session };

export function begin(party: string): Flow {
  return { step: "welcome", party, joins: false, zones: [], asking: 0, given: [], mine: [] };
}

/** What follows from a move. It never forgets what the server has recorded. */
export function next(f: Flow, m: Move): Flow {
  switch (m.kind) {
    case "join": {
      const only = m.places.length === 1 ? m.places[0] : undefined;
      const chosen: Flow = { ...f, joins: m.joins, step: "place" };
      return only ? next(chosen, { kind: "place", place: only }) : chosen;
    }
    case "place": {
      const zones = (m.place.zones ?? []).map((z) => z.zone);
      if (!f.joins) return { ...f, place: m.place, step: "no" };
      // One zone is no choice to make; of several none is chosen beforehand.
      return zones.length === 1
        ? { ...f, place: m.place, zones, step: "age" }
        : { ...f, place: m.place, zones: [], step: "zones" };
    }
    case "zones":
      return m.zones.length === 0 ? { ...f, zones: [], step: "no" } : { ...f, zones: m.zones, step: "age" };
    case "age":
      return { ...f, step: m.under14 ? "child" : "notice" };
    case "child":
      return { ...f, turns14: m.turns14, session: m.session, step: "guardian" };
    case "guardian":
      return { ...f, guardian: m.guardian, step: "notice" };
    case "offer":
      return { ...f, offer: m.offer };
    case "read":
      return { ...f, step: written(f) ? "release" : "ask" };
    case "started":
      return { ...f, session: m.session };
    case "gave":
      return asked({ ...f, given: [...f.given, m.consent] });
    case "declined":
      return m.purpose === "match" ? { ...f, step: "no" } : asked(f);
    case "proved":
      return { ...f, session: m.session, step: m.session.proof?.method ? "capture" : f.step };
    case "enrolled":
      return { ...f, step: "receipt" };
    case "code":
      return { ...f, step: "code" };
    case "receipt":
      return { ...f, code: m.code, step: "receipt" };
    case "mine":
      return { ...f, mine: m.mine, step: "mine" };
    case "withdrawn":
      return { ...f, mine: f.mine.map((c) => (c.id === m.consent.id ? m.consent : c)) };
    case "answer":
      return { ...f, answering: m.consent, step: "answer" };
    case "answered":
      return answered(f, m.consent, m.session);
  }
}

/** Whether even recognition takes a signature here. */
function written(f: Flow): boolean {
  return (f.offer?.choices ?? []).some((c) => c.purpose === "match" && c.written);
}

/** The question after the last answer, or who comes next. */
function asked(f: Flow): Flow {
  const at = f.asking + 1;
  return at < spoken.length ? { ...f, asking: at, step: "ask" } : { ...f, step: "proof" };
}

/** After a second act in person: a picture, where one is needed, else back to the list. */
function answered(f: Flow, consent: Consent, session?: Session): Flow {
  const mine = f.mine.map((c) => (c.id === consent.id ? consent : c));
  const { answering: _, ...rest } = f;
  return session
    ? { ...rest, mine, given: mine.filter((c) => c.state === "active"), session, step: "proof" }
    : { ...rest, mine, step: "mine" };
}

/** Until when the server holds what a person gave who goes away now; undefined when nothing was. */
export function held(f: Flow): Session | undefined {
  const waits = f.step === "proof" || f.step === "capture" || f.step === "ask";
  return waits && f.given.length > 0 ? f.session : undefined;
}

/** The enrollee whom the recorded part of the flow is about. */
export function who(f: Flow): string | undefined {
  return f.session?.enrollee ?? f.mine[0]?.enrollee;
}
