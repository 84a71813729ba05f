import type { Camera } from "../api/client";
import type { ViewState } from "./whep";

export type Picture =
  | "live" // pictures arrive
  | "frozen" // pictures have stopped coming, the last one still shows
  | "full" // wholly masked, or withheld for the same reason
  | "opening" // the camera works, the view is being opened
  | "broken" // the camera works, the view broke off
  | "busy" // the camera works, the server takes no more viewers
  | "starting"
  | "unpublished" // a browser camera that nobody publishes
  | "paused" // by an administrator
  | "lost"
  | "ended";

/** What a tile must tell, from the camera's state and the view's. The camera's trouble comes first. */
export function pictureOf(c: Camera, view: ViewState): Picture {
  switch (c.state) {
    case "connecting":
    case "starting":
      if (c.driver === "whip") return "unpublished";
      return c.err_code ? "lost" : "starting";
    case "retrying":
      return c.driver === "whip" && !c.err_code ? "unpublished" : "lost";
    case "failed":
    case "closed":
      return "lost";
    case "paused":
      return "paused";
    case "ended":
      return "ended";
  }
  // A wholly masked picture may be withheld altogether; the reason is the same.
  if (c.mask.state === "full") return "full";
  switch (view.kind) {
    case "playing":
      return "live";
    case "frozen":
      return "frozen";
    case "connecting":
      return "opening";
    case "waiting":
      return "busy";
    default:
      return "broken";
  }
}

/** The rungs below full quality, to which cameras step down while the machine cannot keep up. */
const lower = ["cadence", "rate", "size", "least"] as const;

/** On which lower rung a camera's pictures are; undefined at full quality. */
export function easedTo(c: Camera): (typeof lower)[number] | undefined {
  return lower.find((rung) => rung === c.quality.rung);
}

/** Whether a view can show anything, so that it is worth opening. */
export function viewable(c: Camera): boolean {
  return c.state === "connected" || c.state === "ended";
}

/** The renditions of a live view: as the camera sends it, or 480×270 at half the rate. */
export type Size = "small" | "full";

/**
 * The rendition for a tile that is so many device pixels wide. Between the two
 * limits it stays as it is, so that a window being dragged does not switch to
 * and fro.
 */
export function sizeFor(pixels: number, now: Size): Size {
  if (pixels <= 500) return "small";
  if (pixels > 560) return "full";
  return now;
}
