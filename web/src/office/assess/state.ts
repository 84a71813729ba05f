import type { Schemas } from "../../api/client";

type Assessment = Schemas["ZonesAssessment"];

/** How an assessment stands, for people. */
export function standing(a: Assessment, now: number): "approved" | "over" | "draft" | "rejected" {
  if (a.outcome === "rejected") return "rejected";
  if (!a.approved) return "draft";
  return Date.parse(a.valid_until) > now ? "approved" : "over";
}

export const toneOf = { approved: "good", over: "bad", draft: "warn", rejected: "bad" } as const;
