import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Consent, Offer, Place, ReceiptCode, Session } from "../enrol/types";
import { begin, type Flow, held, type Move, next, who } from "./flow";

const place = (zones: string[], more: Partial<Place> = {}): Place => ({
  scene: "concert",
  purpose: "event_participation",
  mode: "zone",
  notice: "1",
  children: false,
  written: false,
  records: false,
  zones: zones.map((zone) => ({ zone, kind: "staffed", description: "door" })),
  ...more,
});
const offer = (written = false): Offer => ({
  prompt: "p",
  scene: "concert",
  notice: { version: "1", hash: "h" },
  choices: [{ purpose: "match", selected: false, required: false, written, widgets: [], style: "plain" }],
  alternative: { equal_service: true, zones: [] },
});
const session = (method?: string): Session => ({
  id: "s",
  enrollee: "e",
  state: "open",
  channel: "kiosk",
  scenes: ["concert"],
  zones: ["a"],
  again: false,
  photos: {},
  best_quality: 0,
  created_by: "kim",
  created_at: "",
  expires_at: "2026-01-01T00:00:00Z",
  ...(method ? { proof: { method } } : {}),
});
const consent = (id: string, state = "active", purpose = "match"): Consent =>
  ({ id, state, purpose, enrollee: "e", scenes: ["concert"], zones: ["a"] }) as unknown as Consent;

const walk = (moves: Move[], from: Flow = begin("party-123")) => moves.reduce(next, from);

describe("the way through the kiosk", () => {
  it("goes from notice to question, one purpose at a time", () => {
    let f = walk([
      { kind: "join", joins: true, places: [place(["a"])] },
      { kind: "age", under14: false },
      { kind: "offer", offer: offer() },
    ]);
    expect(f.step).toBe("notice");
    f = next(f, { kind: "read" });
    expect([f.step, f.asking]).toEqual(["ask", 0]);
    f = walk(
      [
        { kind: "started", session: session() },
        { kind: "gave", consent: consent("1") },
      ],
      f,
    );
    expect([f.step, f.asking]).toEqual(["ask", 1]);
    f = next(f, { kind: "declined", purpose: "appear_live" });
    expect(f.step).toBe("proof");
    expect(f.given).toHaveLength(1);
  });

  it("chooses no zone for anybody when there are several", () => {
    const f = walk([{ kind: "join", joins: true, places: [place(["a", "b"])] }]);
    expect([f.step, f.zones]).toEqual(["zones", []]);
    expect(next(f, { kind: "zones", zones: [] }).step).toBe("no");
    expect(next(f, { kind: "zones", zones: ["b"] }).zones).toEqual(["b"]);
  });

  it("leads whoever says no to the other way, without a session", () => {
    for (const f of [
      walk([{ kind: "join", joins: false, places: [place(["a"])] }]),
      walk([
        { kind: "join", joins: true, places: [place(["a"])] },
        { kind: "age", under14: false },
        { kind: "offer", offer: offer() },
        { kind: "declined", purpose: "match" },
      ]),
    ]) {
      expect(f.step).toBe("no");
      expect(f.session).toBeUndefined();
      expect(held(f)).toBeUndefined();
    }
  });

  it("waits for the guardian of a child before it asks", () => {
    let f = walk([
      { kind: "join", joins: true, places: [place(["a"], { children: true })] },
      { kind: "age", under14: true },
    ]);
    expect(f.step).toBe("child");
    f = next(f, { kind: "child", turns14: "2030-01-01", session: session() });
    expect(f.step).toBe("guardian");
    expect(next(f, { kind: "guardian", guardian: "g" })).toMatchObject({ step: "notice", guardian: "g" });
  });

  it("sends who must sign to the desk", () => {
    const f = walk([
      { kind: "join", joins: true, places: [place(["a"])] },
      { kind: "age", under14: false },
      { kind: "offer", offer: offer(true) },
      { kind: "read" },
    ]);
    expect(f.step).toBe("release");
  });

  it("takes no picture before the officer has been there", () => {
    const f: Flow = { ...begin("party-123"), step: "proof", session: session() };
    expect(next(f, { kind: "proved", session: session() }).step).toBe("proof");
    expect(next(f, { kind: "proved", session: session("identity_document") }).step).toBe("capture");
  });

  it("shows after a withdrawal what the server says, and nothing else", () => {
    const f = walk([
      { kind: "mine", mine: [consent("1"), consent("2")] },
      { kind: "withdrawn", consent: consent("2", "withdrawn") },
    ]);
    expect(f.mine.map((c) => c.state)).toEqual(["active", "withdrawn"]);
    expect(who(f)).toBe("e");
  });

  it("needs a picture after an online consent was confirmed, and none otherwise", () => {
    const f = walk([
      { kind: "mine", mine: [consent("1", "pending")] },
      { kind: "answer", consent: consent("1", "pending") },
    ]);
    expect(f.step).toBe("answer");
    const back = next(f, { kind: "answered", consent: consent("1", "withdrawn") });
    expect([back.step, back.answering]).toEqual(["mine", undefined]);
    const on = next(f, { kind: "answered", consent: consent("1"), session: session() });
    expect([on.step, on.given.length]).toEqual(["proof", 1]);
  });

  it("never forgets what the server recorded, whatever is pressed", () => {
    const move: fc.Arbitrary<Move> = fc.oneof(
      fc.boolean().map((joins): Move => ({ kind: "join", joins, places: [place(["a"])] })),
      fc.boolean().map((under14): Move => ({ kind: "age", under14 })),
      fc.constant<Move>({ kind: "offer", offer: offer() }),
      fc.constant<Move>({ kind: "read" }),
      fc.constant<Move>({ kind: "started", session: session() }),
      fc.nat(5).map((n): Move => ({ kind: "gave", consent: consent(String(n)) })),
      fc.constantFrom("match", "appear_live").map((purpose): Move => ({ kind: "declined", purpose }) as Move),
      fc.constant<Move>({ kind: "enrolled" }),
      fc.constant<Move>({ kind: "receipt", code: {} as ReceiptCode }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        let f = begin("party-123");
        let given = 0;
        for (const m of moves) {
          f = next(f, m);
          if (m.kind === "gave") given++;
          expect(f.given).toHaveLength(given);
          // A picture is taken only after an officer, and no question before a notice.
          expect(f.step).not.toBe("capture");
        }
      }),
    );
  });
});
