import type { Schemas } from "../../api/client";

export type Request = Schemas["RightsRequest"];
export const types = [
  "access",
  "copy",
  "transfer",
  "correct",
  "supplement",
  "erase",
  "withdraw",
  "cancel_account",
  "restrict",
  "object",
  "explain",
  "refuse_automated",
  "confidentiality",
  "deceased_kin",
] as const;

/** The steps that the state of a request allows now; the first is the one that is awaited. */
export type StepName = "acknowledge" | "verify" | "begin" | "fulfil" | "bundle" | "extend" | "refuse";

/** Types whose answer is a copy of what is kept. */
const copies = ["access", "copy", "transfer", "explain"];

export function stepsOf(r: Request): StepName[] {
  if (r.state === "fulfilled" || r.state === "refused") return r.verified_at && copied(r) ? ["bundle"] : [];
  const out: StepName[] = [];
  if (!r.acknowledged) out.push("acknowledge");
  if (!r.verified_at) out.push("verify");
  else if (r.state === "in_progress") {
    if (copied(r)) out.push("bundle");
    out.push("fulfil");
  } else out.push("begin");
  if (!r.extended) out.push("extend");
  out.push("refuse");
  return out;
}

function copied(r: Request): boolean {
  return copies.includes(r.type) && Boolean(r.enrollee);
}

/** Whether fulfilling the request destroys the person's data. */
export function erases(r: Request): boolean {
  return r.type === "erase" || r.type === "cancel_account";
}

/** The states on the way of a request, and how far it has got. */
export function wayOf(r: Request): { state: string; reached: boolean }[] {
  const end = r.state === "refused" || r.state === "appealed" ? "refused" : "fulfilled";
  const way = ["received", "identity_verified", "in_progress", end];
  if (r.state === "appealed") way.push("appealed");
  const far = way.indexOf(r.state);
  const reached = (state: string, i: number): boolean => {
    // A refusal can come at any time: only what is known to have been before it is shown.
    if (end === "refused" && state === "in_progress") return false;
    if (end === "refused" && state === "identity_verified") return Boolean(r.verified_at);
    return i <= far;
  };
  return way.map((state, i) => ({ state, reached: reached(state, i) }));
}
