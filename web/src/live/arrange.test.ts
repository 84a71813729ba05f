import { describe, expect, it } from "vitest";
import { columns, load, moved, ordered, pageCount, plain, save } from "./arrange";
import { sizeFor } from "./view";

const memory = () => {
  const kept = new Map<string, string>();
  return {
    getItem: (k: string) => kept.get(k) ?? null,
    setItem: (k: string, v: string) => void kept.set(k, v),
  };
};

describe("the arrangement of the wall", () => {
  it("keeps the wanted order, forgets who is gone, and puts newcomers last", () => {
    expect(ordered(["a", "b", "c", "d"], ["c", "x", "a", "c"])).toEqual(["c", "a", "b", "d"]);
    expect(ordered([], ["a"])).toEqual([]);
  });
  it("moves a tile and leaves the others in their order", () => {
    expect(moved(["a", "b", "c", "d"], 0, 2)).toEqual(["b", "c", "a", "d"]);
    expect(moved(["a", "b", "c", "d"], 3, 0)).toEqual(["d", "a", "b", "c"]);
    expect(moved(["a", "b"], 0, 2)).toEqual(["a", "b"]);
    expect(moved(["a", "b"], 5, 0)).toEqual(["a", "b"]);
  });
  it("lays out 1 to 16 tiles, and more on further pages", () => {
    expect([1, 2, 4, 5, 9, 10, 16].map((n) => columns("auto", n))).toEqual([1, 2, 2, 3, 3, 4, 4]);
    expect([columns("4", 1), columns("9", 2), columns("16", 16)]).toEqual([2, 3, 4]);
    expect([pageCount(0, "auto"), pageCount(16, "auto"), pageCount(17, "auto"), pageCount(5, "4")]).toEqual([
      1, 1, 2, 2,
    ]);
  });
  it("is kept for each account, and survives what is not ours", () => {
    const store = memory();
    save("ann", { layout: "9", order: ["b", "a"] }, store);
    expect(load("ann", store)).toEqual({ layout: "9", order: ["b", "a"] });
    expect(load("ben", store)).toEqual(plain);
    for (const bad of ["{", "7", '{"layout":"11","order":[1,"a"]}', '{"order":{}}']) {
      store.setItem("wall:eve", bad);
      expect(load("eve", store).layout).toBe("auto");
    }
  });
});

describe("the size of a live view", () => {
  it("follows the tile without going to and fro", () => {
    expect(sizeFor(480, "full")).toBe("small");
    expect(sizeFor(1280, "small")).toBe("full");
    expect([sizeFor(530, "small"), sizeFor(530, "full")]).toEqual(["small", "full"]);
  });
});
