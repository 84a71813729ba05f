import { useState } from "react";
import type { Camera, HouseEvent } from "../api/client";
import { useHouse, useNow } from "../ui/parts";
import type { House } from "./house";

/**
 * What may be said of the picture that is shown now: somebody is clear under
 * consent; whoever has not consented is masked; everybody is masked.
 */
export type Claim = "clear" | "guests" | "everybody";

// The server's word and the picture come by different ways, and what is shown may
// be older than what is told of it. A picture that is later than two seconds counts
// as standing still (whep.ts), so after three it is one of those that were told of.
const settled = 3000;

/** Events that say that somebody was recognised, before the picture that shows it leaves. */
const recognitions: readonly string[] = ["match", "unmask", "claim_outcome"];

/**
 * Claims says what holds for each camera's picture. That everybody is masked is
 * said only once nobody can have been recognised for a while: while faces are
 * compared, somebody may be clear before this page is told of it.
 */
export class Claims {
  readonly #since = new Map<string, number>(); // from when on nobody could be recognised
  #newest: string | undefined; // the event that was read last

  /** `events` are newest first, `live` whether the server's word arrives, `now` a clock that never jumps, in ms. */
  of(
    cameras: readonly Camera[],
    events: readonly HouseEvent[],
    live: boolean,
    now: number,
  ): ReadonlyMap<string, Claim> {
    for (const e of events) {
      if (e.id === this.#newest) break;
      if (recognitions.includes(e.kind)) this.#since.delete(e.camera ?? "");
    }
    this.#newest = events[0]?.id ?? this.#newest;
    const out = new Map<string, Claim>();
    for (const c of cameras) {
      const nobody = live && !c.matching.on && c.mask.state !== "clear";
      if (!nobody) this.#since.delete(c.id);
      else if (!this.#since.has(c.id)) this.#since.set(c.id, now);
      const since = this.#since.get(c.id) ?? now;
      out.set(c.id, c.mask.state === "clear" ? "clear" : now - since >= settled ? "everybody" : "guests");
    }
    return out;
  }
}

/** What may be said of each camera's picture, by the camera's id. */
export function useClaims(house: House): ReadonlyMap<string, Claim> {
  const { cameras, events, link } = useHouse(house);
  const [claims] = useState(() => new Claims());
  useNow(); // time alone settles a claim
  return claims.of(cameras ?? [], events ?? [], link === "open", performance.now());
}
