/** How many tiles a page of the wall shows; "auto" as many as there are cameras, at most 16. */
export type Layout = "auto" | "1" | "4" | "9" | "16";
export const layouts: readonly Layout[] = ["auto", "1", "4", "9", "16"];
const most = 16;

/** How somebody wants the wall: cameras that are not named follow by id. */
export interface Arrangement {
  layout: Layout;
  order: readonly string[];
}

export const plain: Arrangement = { layout: "auto", order: [] };

/** The cameras in the wanted order; those that are gone are left out. */
export function ordered(ids: readonly string[], order: readonly string[]): string[] {
  const there = new Set(ids);
  const named = [...new Set(order)].filter((id) => there.has(id));
  const known = new Set(named);
  return [...named, ...ids.filter((id) => !known.has(id))];
}

/** The list with what stood at `from` standing at `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const out = [...list];
  const item = out[from];
  if (item === undefined || to < 0 || to >= out.length) return out;
  out.splice(from, 1);
  out.splice(to, 0, item);
  return out;
}

/** Tiles on one page. */
export function perPage(layout: Layout): number {
  return layout === "auto" ? most : Number(layout);
}

/** The number of pages, at least one. */
export function pageCount(cameras: number, layout: Layout): number {
  return Math.max(1, Math.ceil(cameras / perPage(layout)));
}

/** The columns of the grid: as given by the layout, else by how many tiles there are. */
export function columns(layout: Layout, shown: number): number {
  if (layout !== "auto") return Math.sqrt(perPage(layout));
  return Math.max(1, Math.min(4, Math.ceil(Math.sqrt(shown))));
}

const keyOf = (account: string) => `wall:${account}`;

/** What this account wanted on this device. Anything unreadable counts as nothing. */
export function load(account: string, from: Pick<Storage, "getItem">): Arrangement {
  try {
    const found: unknown = JSON.parse(from.getItem(keyOf(account)) ?? "null");
    if (!found || typeof found !== "object") return plain;
    const { layout, order } = found as Record<string, unknown>;
    return {
      layout: layouts.find((l) => l === layout) ?? "auto",
      order: Array.isArray(order) ? order.filter((id): id is string => typeof id === "string") : [],
    };
  } catch {
    return plain;
  }
}

/** Keeps it; where nothing can be kept it lasts as long as the page. */
export function save(account: string, a: Arrangement, to: Pick<Storage, "setItem">): void {
  try {
    to.setItem(keyOf(account), JSON.stringify(a));
  } catch {
    // Storage is switched off or full.
  }
}
