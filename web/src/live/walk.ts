interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The index to which a key leads from `at`, by how the tiles lie on the screen. */
export function step(key: string, at: number, places: readonly Place[]): number {
  const here = places[at];
  if (!here) return at;
  if (key === "Home") return 0;
  if (key === "End") return places.length - 1;
  if (key === "ArrowLeft") return Math.max(0, at - 1);
  if (key === "ArrowRight") return Math.min(places.length - 1, at + 1);
  if (key !== "ArrowUp" && key !== "ArrowDown") return at;
  const sign = key === "ArrowUp" ? -1 : 1;
  let best = at;
  let bestCost = Number.POSITIVE_INFINITY;
  places.forEach((p, i) => {
    const down = sign * (p.top - here.top);
    if (down < here.height / 2) return;
    const aside = Math.abs(p.left + p.width / 2 - (here.left + here.width / 2));
    const cost = down * 4 + aside; // the next row first, then the nearest within it
    if (cost < bestCost) {
      best = i;
      bestCost = cost;
    }
  });
  return best;
}
