import { useCallback } from "react";
import { useRenew } from "../api/all";
import { api, RequestError, type Schemas } from "../api/client";
import { holds, type Role, useSession } from "../session/session";

/** Who may know of a halt: everybody who works with the site. */
const staff: readonly Role[] = [
  "operator",
  "venue_owner",
  "inspector",
  "auditor",
  "consent_officer",
  "privacy_officer",
  "administrator",
];
/** Who may halt: stopping is easy. */
const stoppers = staff.filter((r) => r !== "auditor");
/** Who may agree that it ends; two of them have to. */
const resumers: readonly Role[] = ["privacy_officer", "administrator"];

/** Whether everything is halted, and what this account may do about it. */
export interface Halting {
  /** As the server said last; undefined while unknown. */
  now: Schemas["ZonesSwitch"] | undefined;
  mayHalt: boolean;
  mayResume: boolean;
  renew: () => Promise<void>;
}

/** Follows the kill switch; one part of a page asks (`ask`), the others read along. */
export function useHalt(ask = false): Halting {
  const { session } = useSession();
  const renew = useRenew();
  const { data, error } = api.useQuery(
    "get",
    "/v1/kill",
    {},
    {
      enabled: ask && holds(session, staff),
      // A program without a site of its own has no such switch.
      refetchInterval: (q) => (isMissing(q.state.error) ? false : 3000),
    },
  );
  return {
    now: data,
    mayHalt: holds(session, stoppers) && !isMissing(error),
    mayResume: holds(session, resumers),
    renew: useCallback(() => renew("/v1/kill"), [renew]),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof RequestError && error.status === 404;
}
