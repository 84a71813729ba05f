import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromGeoJSON, ImportError, maxBytes, toGeoJSON } from "./geojson";
import {
  area,
  bearing,
  centre,
  contains,
  faultOf,
  fieldOfView,
  type Point,
  pictureFrame,
  planFrame,
  settle,
} from "./geometry";
import { begin, canRedo, canUndo, depth, redo, settleStep, step, undo } from "./history";
import {
  type Doc,
  entranceLacks,
  freeID,
  type Item,
  insertCorner,
  moveCorner,
  moveItem,
  removeCorner,
} from "./items";
import { placeLabels } from "./labels";
import { snap } from "./snap";

const picture = pictureFrame(9 / 16);
const plan = planFrame(20, 10);
const square: Point[] = [
  [100, 100],
  [300, 100],
  [300, 300],
  [100, 300],
];

describe("outlines", () => {
  test.each<[string, Point[], string | undefined]>([
    ["a square", square, undefined],
    ["anticlockwise", square.toReversed(), undefined],
    ["a line", square.slice(0, 2), "few"],
    [
      "outside",
      [
        [0, 0],
        [1001, 0],
        [0, 500],
      ],
      "outside",
    ],
    [
      "below",
      [
        [0, 0],
        [10, 563],
        [100, 0],
      ],
      "outside",
    ],
    [
      "twice the same",
      [
        [0, 0],
        [0, 0],
        [100, 100],
      ],
      "same",
    ],
    [
      "a bow tie",
      [
        [0, 0],
        [100, 100],
        [100, 0],
        [0, 100],
      ],
      "crosses",
    ],
    [
      "a spike",
      [
        [0, 0],
        [100, 0],
        [50, 0],
        [50, 100],
      ],
      "crosses",
    ],
    [
      "a corner on an edge",
      [
        [0, 0],
        [100, 0],
        [100, 100],
        [50, 0],
        [0, 100],
      ],
      "crosses",
    ],
    [
      "a speck",
      [
        [0, 0],
        [10, 0],
        [0, 10],
      ],
      "small",
    ],
    [
      "flat",
      [
        [0, 0],
        [100, 0],
        [200, 0],
      ],
      "crosses",
    ],
    ["257 corners", Array.from({ length: 257 }, (_, i): Point => [i, i % 2]), "many"],
  ])("%s", (_, points, want) => {
    expect(faultOf(points, picture)?.code).toBe(want);
  });

  test("the fault names what is at fault, from 1", () => {
    expect(
      faultOf(
        [
          [0, 0],
          [100, 100],
          [100, 0],
          [0, 100],
        ],
        picture,
      ),
    ).toEqual({ code: "crosses", i: 1, j: 3 });
    expect(
      faultOf(
        [
          [0, 0],
          [10, 900],
          [100, 0],
        ],
        picture,
      ),
    ).toEqual({ code: "outside", i: 2, j: 1 });
  });

  test("neither the first corner nor the direction matters", () => {
    fc.assert(
      fc.property(
        fc.array(pointIn(picture.w, picture.h), { minLength: 3, maxLength: 9 }),
        fc.nat(8),
        (points, k) => {
          const n = k % points.length;
          const turned = [...points.slice(n), ...points.slice(0, n)];
          expect(faultOf(turned, picture)?.code).toBe(faultOf(points, picture)?.code);
          expect(faultOf(points.toReversed(), picture)?.code).toBe(faultOf(points, picture)?.code);
        },
      ),
    );
  });

  test("a star around a middle has no fault, whatever its rays", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 60, max: 250, noNaN: true }), { minLength: 3, maxLength: 40 }),
        (rays) => {
          const points = star(rays);
          expect(faultOf(points, picture)).toBeUndefined();
          expect(area(points)).toBeGreaterThan(0);
        },
      ),
    );
  });

  test("the middle of a square lies in it", () => {
    expect(centre(square)).toEqual([200, 200]);
    expect(contains(square, centre(square))).toBe(true);
    expect(contains(square, [99, 200])).toBe(false);
  });

  test("points are rounded and kept inside", () => {
    expect(settle([-5, 4.44], picture)).toEqual([0, 4.4]);
    expect(settle([25.123, 4.444], plan)).toEqual([20, 4.44]);
  });

  test("a camera looks where it is turned to", () => {
    const view = fieldOfView([5, 5], 90, 60, 4);
    expect(view[0]).toEqual([5, 5]);
    expect(view.slice(1).every((p) => p[1] > 5)).toBe(true);
    expect(bearing([5, 5], [5, 9])).toBe(90);
    expect(bearing([5, 5], [1, 5])).toBe(180);
    expect(bearing([5, 5], [5, 1])).toBe(270);
  });
});

function pointIn(w: number, h: number) {
  return fc.tuple(fc.integer({ min: 0, max: w }), fc.integer({ min: 0, max: Math.floor(h) }));
}

function star(rays: number[]): Point[] {
  return rays.map((r, i): Point => {
    const a = (2 * Math.PI * i) / rays.length;
    return settle([500 + r * Math.cos(a), 281 + r * Math.sin(a)], picture);
  });
}

describe("history", () => {
  test("a step is undone and done again", () => {
    let h = step(step(begin(1), 2), 3);
    expect([h.now, canUndo(h), canRedo(h)]).toEqual([3, true, false]);
    h = undo(undo(h));
    expect([h.now, canUndo(h), canRedo(h)]).toEqual([1, false, true]);
    expect(undo(h)).toBe(h);
    expect(redo(redo(h)).now).toBe(3);
    expect(redo(redo(redo(h))).now).toBe(3);
  });

  test("a gesture is one step", () => {
    let h = step(begin(0), 1, "drag");
    h = step(step(h, 2, "drag"), 3, "drag");
    expect(undo(h).now).toBe(0);
    h = step(settleStep(h), 4, "drag");
    expect(undo(h).now).toBe(3);
  });

  test("a new step forgets what was undone", () => {
    const h = step(undo(step(begin(0), 1)), 2);
    expect(canRedo(h)).toBe(false);
    expect(undo(h).now).toBe(0);
  });

  test("nothing happens without a change", () => {
    const h = begin({});
    expect(step(h, h.now)).toBe(h);
  });

  test("it behaves like a list of states with a place in it", () => {
    const acts = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant("step" as const), v: fc.nat() }),
        fc.record({ do: fc.constantFrom("undo" as const, "redo" as const), v: fc.constant(0) }),
      ),
    );
    fc.assert(
      fc.property(acts, (list) => {
        const states = [-1];
        let at = 0;
        let h = begin(-1);
        for (const a of list) {
          if (a.do === "step") {
            if (a.v !== states[at]) {
              states.length = at + 1;
              states.push(a.v);
              at = states.length - 1;
            }
            h = step(h, a.v);
          } else if (a.do === "undo") {
            at = Math.max(0, at - 1);
            h = undo(h);
          } else {
            at = Math.min(states.length - 1, at + 1);
            h = redo(h);
          }
          expect(h.now).toBe(states[at]);
          expect(h.past.length).toBe(Math.min(at, depth));
        }
      }),
    );
  });
});

describe("snapping", () => {
  const none = { points: [], edges: [] };
  test("a corner goes before a right angle, that before an edge", () => {
    const edges = [
      [
        [0, 0],
        [0, 100],
      ],
    ] as const;
    expect(snap([3, 52], { points: [[0, 50]], edges }, 5)).toMatchObject({ to: "corner", at: [0, 50] });
    expect(snap([3, 52], { points: [], edges }, 5)).toMatchObject({ to: "edge", at: [0, 52] });
    expect(snap([3, 52], { points: [], edges, before: [80, 50] }, 5)).toMatchObject({
      to: "right",
      at: [3, 50],
    });
    expect(snap([30, 52], { points: [[0, 50]], edges }, 5)).toMatchObject({ to: "none", at: [30, 52] });
  });
  test("a right angle on a slanted edge", () => {
    const s = snap([3, 199], { ...none, before: [100, 100], beforeThat: [0, 0] }, 5);
    expect(s.to).toBe("right");
    expect(s.at[0] + s.at[1]).toBeCloseTo(200);
    expect(s.from).toEqual([100, 100]);
  });
  test("both corners right at once", () => {
    const s = snap([98, 103], { ...none, before: [100, 0], after: [0, 100] }, 8);
    expect(s.at).toEqual([100, 100]);
  });
  test("it never pulls further than it may", () => {
    fc.assert(
      fc.property(
        pointIn(1000, 560),
        fc.array(pointIn(1000, 560), { maxLength: 6 }),
        fc.nat(30),
        (p, points, pull) => {
          const s = snap(
            p,
            { points, edges: [], before: points[0], beforeThat: points[1], after: points[2] },
            pull,
          );
          expect(Math.hypot(s.at[0] - p[0], s.at[1] - p[1])).toBeLessThanOrEqual(pull + 1e-9);
        },
      ),
    );
  });
});

describe("things on the surface", () => {
  const zone: Item = {
    key: "zone door",
    type: "zone",
    id: "door",
    name: "Door",
    points: square,
    zoneKind: "recognition",
  };
  const doc: Doc = [zone];
  test("corners move, come and go; three stay", () => {
    expect(moveCorner(doc, zone.key, 0, [-9, 50], picture)[0]?.points[0]).toEqual([0, 50]);
    expect(moveCorner(doc, zone.key, 0, [100, 100], picture)).toBe(doc);
    expect(insertCorner(doc, zone.key, 3, picture)[0]?.points).toEqual([...square, [100, 200]]);
    const three = removeCorner(doc, zone.key, 1);
    expect(three[0]?.points.length).toBe(3);
    expect(removeCorner(three, zone.key, 1)).toBe(three);
  });
  test("a thing moves as a whole and stays inside", () => {
    const far = moveItem(doc, zone.key, [5000, -20], picture);
    expect(far[0]?.points).toEqual([
      [800, 80],
      [1000, 80],
      [1000, 280],
      [800, 280],
    ]);
    expect(area(far[0]?.points ?? [])).toBe(area(square));
  });
  test("what is fixed does not move", () => {
    const fixed: Doc = [{ ...zone, fixed: true }];
    expect(moveItem(fixed, zone.key, [5, 5], picture)).toBe(fixed);
    expect(moveCorner(fixed, zone.key, 0, [5, 5], picture)).toBe(fixed);
  });
  test("names that are free", () => {
    expect(freeID("sign", ["sign-1", "sign-3"])).toBe("sign-2");
  });
  test("signs of an entrance", () => {
    const sign = (id: string, signKind: Item["signKind"], x: number): Item => ({
      key: `sign ${id}`,
      type: "sign",
      id,
      name: id,
      points: [[x, 1]],
      entrance: "north",
      ...(signKind ? { signKind } : {}),
    });
    const face = sign("a", "face_recognition", 2);
    expect(entranceLacks([], "north", true)).toBe("sign");
    expect(entranceLacks([face], "north", true)).toBe("pair");
    expect(entranceLacks([face], "north", false)).toBeUndefined();
    expect(entranceLacks([face, sign("b", "monitoring", 3.5)], "north", true)).toBeUndefined();
    expect(entranceLacks([face, sign("b", "monitoring", 3.51)], "north", true)).toBe("pair");
  });
});

describe("GeoJSON", () => {
  const here = { on: "picture", camera: "gate" } as const;
  const code = (text: string, surface: Parameters<typeof fromGeoJSON>[1] = here) => {
    try {
      fromGeoJSON(text, surface, picture);
    } catch (err) {
      if (err instanceof ImportError) return `${err.code} ${err.at}`.trim();
      throw err;
    }
    return "taken";
  };
  const feature = (coordinates: unknown, more: object = {}) =>
    JSON.stringify({ type: "Feature", geometry: { type: "Polygon", coordinates }, ...more });
  const ring = [
    [0, 0],
    [0.5, 0],
    [0.5, 0.5],
    [0, 0],
  ];

  test("round trip", () => {
    const outlines = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
        kind: fc.constantFrom(
          "recognition" as const,
          "signage" as const,
          "prohibited" as const,
          "privacy" as const,
        ),
        points: fc
          .array(fc.double({ min: 60, max: 250, noNaN: true }), { minLength: 3, maxLength: 20 })
          .map(star),
      }),
      { minLength: 1, maxLength: 5, selector: (o) => o.id },
    );
    fc.assert(
      fc.property(outlines, (list) => {
        const back = fromGeoJSON(toGeoJSON(list, here, picture), here, picture);
        expect(back.map((o) => [o.id, o.kind])).toEqual(list.map((o) => [o.id, o.kind]));
        back.forEach((o, i) => {
          expect(o.points.map((p) => settle(p, picture))).toEqual(list[i]?.points);
        });
      }),
    );
  });

  test("metres stay metres", () => {
    const on = { on: "plan", plan: "hall" } as const;
    const points: Point[] = [
      [1, 1],
      [9.25, 1],
      [9.25, 5],
    ];
    const text = toGeoJSON([{ id: "a", kind: "signage", points }], on, plan);
    expect(JSON.parse(text).features[0].geometry.coordinates[0]).toEqual([...points, [1, 1]]);
    expect(fromGeoJSON(text, on, plan)).toEqual([{ id: "a", kind: "signage", points }]);
    expect(code(text)).toBe("surface bystander:surface");
  });

  test.each<[string, string]>([
    ["{", "json"],
    ["[]", "collection"],
    ['"x"', "collection"],
    ['{"type":"Point"}', "collection"],
    ['{"type":"FeatureCollection","features":[]}', "empty"],
    ['{"type":"FeatureCollection","features":[7]}', "collection features[0]"],
    ['{"type":"Feature","geometry":null}', "geometry features[0].geometry"],
    ['{"type":"Feature","geometry":{"type":"Point","coordinates":[0,0]}}', "geometry features[0].geometry"],
    [feature([ring, ring]), "hole features[0].geometry.coordinates"],
    [feature([]), "geometry features[0].geometry.coordinates"],
    [
      feature([
        [
          [0, 0],
          [0.5, "x"],
          [0.5, 0.5],
        ],
      ]),
      "number features[0].geometry.coordinates[0][1]",
    ],
    [feature([[[0, 0], [0.5], [0.5, 0.5]]]), "number features[0].geometry.coordinates[0][1]"],
    [
      feature([
        [
          [0, 0],
          [1.5, 0],
          [0.5, 0.5],
        ],
      ]),
      "outline features[0]",
    ],
    [
      feature([
        [
          [116.4, 39.9],
          [116.5, 39.9],
          [116.5, 40],
          [116.4, 39.9],
        ],
      ]),
      "outline features[0]",
    ],
    [
      feature([
        [
          [0, 0],
          [0.5, 0.5],
          [0.5, 0],
          [0, 0.5],
        ],
      ]),
      "outline features[0]",
    ],
    [feature([ring], { properties: { kind: "search" } }), "kind features[0].properties.kind"],
    [feature([ring]), "taken"],
    [feature([ring], { properties: null, id: 7 }), "taken"],
    [
      `{"type":"FeatureCollection","features":[${feature([ring], { id: "a" })},${feature([ring], { id: "a" })}]}`,
      "twice features[1].id",
    ],
    [" ".repeat(maxBytes + 1), "large"],
  ])("%.60s", (text, want) => {
    expect(code(text)).toBe(want);
  });

  test("whatever a file holds, it is taken whole or refused with a reason", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((v) => feature(v)),
        ),
        (text) => {
          expect(code(text)).toBeTypeOf("string");
        },
      ),
    );
  });
});

describe("names on the plan", () => {
  const seen = { x: 0, y: 0, w: 24, h: 16 };
  const door = (id: string, x: number): Item => ({
    key: `entrance ${id}`,
    type: "entrance",
    id,
    name: `Door of the ${id}`,
    points: [[x, 8]],
  });
  const doors = [door("street", 4), door("garage", 5), door("yard", 20)];

  test("all stand where there is room, and what is wrong comes first where there is none", () => {
    const marks = new Map([["entrance garage", { tone: "bad" as const, word: "sign missing" }]]);
    const names = (px: number, chosen?: string) =>
      placeLabels(doors, px, seen, chosen, marks).map((p) => p.item.id);
    expect(names(0.005)).toHaveLength(3);
    expect(names(0.12)[0]).toBe("garage");
    expect(names(0.12, "entrance street")[0]).toBe("street");
  });

  test("no name stands above another or leaves the view, whatever the scale", () => {
    const at = fc.tuple(
      fc.double({ min: 0, max: 24, noNaN: true }),
      fc.double({ min: 0, max: 16, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(at, { maxLength: 12 }),
        fc.double({ min: 0.01, max: 0.1, noNaN: true }),
        (all, px) => {
          const doc = all.map((p, i): Item => ({ ...door(String(i), 0), points: [p] }));
          const placed = placeLabels(doc, px, seen, undefined, undefined);
          const half = (i: Item) => (i.name.length * 13 * 0.6 * px) / 2;
          for (const [n, a] of placed.entries()) {
            expect(a.at[0] - half(a.item)).toBeGreaterThanOrEqual(seen.x - 1e-9);
            expect(a.at[0] + half(a.item)).toBeLessThanOrEqual(seen.x + seen.w + 1e-9);
            for (const b of placed.slice(n + 1))
              expect(
                Math.abs(a.at[1] - b.at[1]) >= 13 * px - 1e-9 ||
                  Math.abs(a.at[0] - b.at[0]) >= half(a.item) + half(b.item) - 1e-9,
              ).toBe(true);
          }
        },
      ),
    );
  });
});
