import type { Schemas } from "../api/client";

export type House = Schemas["ConsentHouse"];
export type Place = Schemas["ConsentPlace"];
export type Way = Schemas["ConsentWayOfZone"];
export type Offer = Schemas["ConsentOffer"];
export type Current = Schemas["ConsentCurrent"];
export type NoticeText = Schemas["ConsentText"];
export type Consent = Schemas["ConsentConsent"];
export type Person = Schemas["ConsentPerson"];
export type Session = Schemas["ConsentSession"];
export type Taken = Schemas["ConsentTaken"];
export type ReceiptCode = Schemas["ConsentReceiptCode"];
export type Message = Schemas["ConsentMessage"];

/** What somebody can agree to, in the order in which it is asked. */
export const purposes = ["match", "appear_live", "appear_recorded", "raw_image"] as const;
export type Purpose = (typeof purposes)[number];

/** The purposes that a kiosk asks for: the others take a signature on paper. */
export const spoken: readonly Purpose[] = ["match", "appear_live"];

/** How an officer can make sure who somebody is. */
export const methods = [
  "identity_document",
  "household_register",
  "court_document",
  "member_record",
  "known_in_person",
] as const;
export type Method = (typeof methods)[number];

export const relations = ["mother", "father", "legal_guardian", "other"] as const;
export type Relation = (typeof relations)[number];

/** Whether a consent still counts, or may count again. */
export function open(c: { state: string }): boolean {
  return c.state !== "withdrawn" && c.state !== "expired";
}

/** What the legal basis of every act here is (PIPL 29, GDPR 9(2)(a)). */
export const basis = "separate consent";

/** A session's short name, for two people to say to each other. */
export function shortName(id: string): string {
  return id.replace(/-/g, "").slice(-6).toUpperCase();
}

/** A code in groups of four, easier to read and to type. */
export function grouped(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1-");
}

/** The letters of a code; those that are easily mixed up are left out. */
export const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/**
 * The code in what somebody typed, pasted or scanned: bare, in groups, or
 * within the link of a receipt. Undefined while it cannot be one.
 */
export function codeIn(text: string): string | undefined {
  const tail = /#code=([^&]*)$/.exec(text)?.[1] ?? text;
  const code = tail.toUpperCase().replace(/[\s-]/g, "");
  if (code.length !== 16) return undefined;
  return [...code].every((c) => letters.includes(c)) ? code : undefined;
}

/** The link that a receipt's QR code carries. The code stays behind the #, which no browser sends. */
export function receiptLink(origin: string, code: string): string {
  return `${origin}/me#code=${code}`;
}
