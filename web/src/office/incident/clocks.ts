import type { Schemas } from "../../api/client";

export type Incident = Schemas["ZonesIncident"];

/** One clock of an incident: until when, when its step was taken, whether that was in time. */
export interface Clock {
  name: "contain" | "report" | "authority";
  due: string;
  done?: string;
  late: boolean;
}

const hour = 3_600_000;

/** The clocks that run for an incident: the authority's only for a breach of personal data. */
export function clocksOf(i: Incident, now: number): Clock[] {
  const found = Date.parse(i.found_at);
  const clock = (name: Clock["name"], hours: number, done: string | undefined): Clock => {
    const due = found + hours * hour;
    return {
      name,
      due: new Date(due).toISOString(),
      ...(done ? { done } : {}),
      late: (done ? Date.parse(done) : now) > due,
    };
  };
  const out = [clock("contain", 1, i.contained_at), clock("report", 4, i.reported_at)];
  if (i.class === "personal_data_breach") out.push(clock("authority", 72, i.authority_at));
  return out;
}

/** The clock that ends first of those that still run. */
export function nextClock(i: Incident, now: number): Clock | undefined {
  if (i.state === "closed") return undefined;
  return clocksOf(i, now)
    .filter((c) => !c.done)
    .toSorted((a, b) => a.due.localeCompare(b.due))[0];
}
