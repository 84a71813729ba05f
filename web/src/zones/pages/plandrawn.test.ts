import { describe, expect, test } from "vitest";
import type { Venue } from "../data";
import { type Point, planFrame } from "../draw/geometry";
import type { Item } from "../draw/items";
import { type Choice, drawn, unplaced } from "./plandrawn";

const venue = {
  entrances: [{ id: "hall-entrance" }],
  signs: [],
  cameras: [{ id: "door", name: "Front door" }],
  policies: [{ id: "door" }, { id: "gate", placement: { plan: "ground", position: [1, 1] } }],
} as unknown as Venue;

const near: Item = {
  key: "entrance near",
  type: "entrance",
  id: "near",
  name: "near",
  points: [[2, 2]],
  zone: "hall",
};
const far: Item = { ...near, key: "entrance far", id: "far", points: [[9, 9]] };
const elsewhere: Item = { ...near, key: "entrance else", id: "else", points: [[1, 1]], zone: "yard" };

const choice = (over: Partial<Choice>): Choice => ({
  doc: [],
  tool: "select",
  venue,
  frame: planFrame(20, 10),
  zone: "hall",
  kind: "monitoring",
  camera: "",
  ...over,
});
const at: Point[] = [[1, 1]];

describe("what is drawn on a plan", () => {
  test("a wall takes the next number", () => {
    const doc: Item[] = [{ key: "wall 4", type: "wall", id: "4", name: "4", points: [] }];
    expect(drawn(at, choice({ tool: "wall" }))).toMatchObject({ key: "wall 0" });
    expect(drawn(at, choice({ tool: "wall", doc }))).toMatchObject({ key: "wall 5", type: "wall" });
  });

  test("an outline belongs to the chosen zone, and is nothing without one", () => {
    expect(drawn(at, choice({ tool: "zone" }))).toMatchObject({ id: "hall", zoneKind: "recognition" });
    expect(drawn(at, choice({ tool: "zone", zone: "" }))).toBeUndefined();
  });

  test("an entrance takes an id that neither the register nor the plan has", () => {
    const first = drawn(at, choice({ tool: "entrance" })) as Item;
    expect(first.id).not.toBe("hall-entrance");
    const second = drawn(at, choice({ tool: "entrance", doc: [first] })) as Item;
    expect(new Set(["hall-entrance", first.id, second.id]).size).toBe(3);
  });

  test("a sign stands at the nearest entrance of its own zone, and needs one", () => {
    const doc = [far, elsewhere, near];
    expect(drawn(at, choice({ tool: "sign", doc }))).toMatchObject({
      entrance: "near",
      signKind: "monitoring",
    });
    expect(drawn(at, choice({ tool: "sign", doc: [elsewhere] }))).toBe("no entrance");
  });

  test("a camera is one of the register's that stands nowhere yet", () => {
    expect(unplaced(venue).map((c) => c.id)).toEqual(["door"]);
    const camera = drawn(at, choice({ tool: "camera" })) as Item;
    expect(camera).toMatchObject({
      id: "door",
      name: "Front door",
      aim: { direction: 0, angle: 70, reach: 4 },
    });
    expect(drawn(at, choice({ tool: "camera", doc: [camera] }))).toBeUndefined();
    expect(drawn(at, choice({ tool: "camera", camera: "gate" }))).toMatchObject({ id: "door" });
  });

  test("choosing draws nothing", () => expect(drawn(at, choice({}))).toBeUndefined());
});
