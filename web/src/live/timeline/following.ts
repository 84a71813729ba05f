import type { Recording } from "../../api/client";

/** The recording that goes on after `r` with the same camera, if there is one. */
export function following(list: readonly Recording[], r: Recording): Recording | undefined {
  let best: Recording | undefined;
  for (const c of list) {
    if (c.camera !== r.camera || !c.complete || Date.parse(c.from) <= Date.parse(r.from)) continue;
    if (!best || Date.parse(c.from) < Date.parse(best.from)) best = c;
  }
  return best;
}
