import type { HouseEvent } from "../../api/client";
import { groupOf, kindsOf } from "./words";

/** Which events are wanted. Empty fields do not restrict. */
export interface Filter {
  group: "all" | "people" | "cameras" | "system";
  camera: string;
  from: string; // as a field of date and time gives it: local, to the minute
  to: string;
  person: boolean; // only with a pseudonym
}

export const everything: Filter = { group: "all", camera: "", from: "", to: "", person: false };

/** The instant that a field of date and time means; undefined when it is empty or half filled. */
export function instant(local: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local) ? new Date(local).getTime() : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** The filter as the server takes it. */
export function queryOf(f: Filter) {
  const [from, to] = [instant(f.from), instant(f.to)];
  return {
    camera: f.camera,
    ...(f.group === "all" ? {} : { kind: kindsOf(f.group) }),
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
    ...(f.person ? { person: true } : {}),
  };
}

/** Whether an event that just came belongs into the list. */
export function passes(f: Filter, e: HouseEvent): boolean {
  const at = Date.parse(e.ts);
  const [from, to] = [instant(f.from), instant(f.to)];
  return (
    (f.group === "all" || groupOf(e) === f.group) &&
    (f.camera === "" || e.camera === f.camera) &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to) &&
    (!f.person || Boolean(e.subject_ref))
  );
}

/** Whether the two ends make sense together. */
export function possible(f: Filter): boolean {
  const [from, to] = [instant(f.from), instant(f.to)];
  return from === undefined || to === undefined || from < to;
}
