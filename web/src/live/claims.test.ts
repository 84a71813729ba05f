import { describe, expect, it } from "vitest";
import type { Camera, HouseEvent } from "../api/client";
import { type Claim, Claims } from "./claims";

const camera = (on: boolean, state: "masked" | "clear" | "full" = "masked") =>
  ({ id: "door", matching: { on }, mask: { state } }) as Camera;
const event = (id: string, kind: string, at = "door") => ({ id, kind, camera: at }) as HouseEvent;

/** Goes through steps of [ms, cameras, newest event, live]; tells what is said of the door after each. */
function tell(...steps: [number, Camera, (HouseEvent | undefined)?, boolean?][]): (Claim | undefined)[] {
  const claims = new Claims();
  const log: HouseEvent[] = [];
  return steps.map(([now, c, e, live = true]) => {
    if (e) log.unshift(e);
    return claims.of([c], log, live, now).get("door");
  });
}

describe("what is said of who is masked", () => {
  it("says that everybody is masked only after nobody could be recognised for a while", () => {
    expect(tell([0, camera(false)], [2900, camera(false)], [3000, camera(false)])).toEqual([
      "guests",
      "guests",
      "everybody",
    ]);
  });
  it("never says so while faces are compared, however long nobody is clear", () => {
    expect(tell([0, camera(true)], [60_000, camera(true)])).toEqual(["guests", "guests"]);
  });
  it("waits after the last clear picture, since older ones are still shown", () => {
    expect(
      tell(
        [0, camera(true, "clear")],
        [500, camera(false)], // halted: what is shown may still be clear
        [3400, camera(false)],
        [3500, camera(false)],
      ),
    ).toEqual(["clear", "guests", "guests", "everybody"]);
  });
  it("takes it back with the event of a recognition, before the camera's own state says so", () => {
    expect(
      tell(
        [0, camera(false)],
        [5000, camera(false)],
        [5100, camera(false), event("e1", "unmask")],
        [5200, camera(true, "clear")],
      ),
    ).toEqual(["guests", "everybody", "guests", "clear"]);
  });
  it("keeps to it for another camera's recognitions, and for other events", () => {
    expect(
      tell(
        [0, camera(false)],
        [5000, camera(false), event("e1", "unmask", "hall")],
        [5100, camera(false), event("e2", "camera_health")],
      ),
    ).toEqual(["guests", "everybody", "everybody"]);
  });
  it("claims nothing about everybody while the server's word does not arrive", () => {
    expect(
      tell(
        [0, camera(false)],
        [4000, camera(false)],
        [5000, camera(false), undefined, false],
        [6000, camera(false)],
        [9000, camera(false)],
      ),
    ).toEqual(["guests", "everybody", "guests", "guests", "everybody"]);
  });
});
