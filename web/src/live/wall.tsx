import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Camera } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Empty, Loading } from "../ui/parts";
import { isTyping } from "../ui/shell";
import {
  columns,
  type Layout,
  layouts,
  load,
  moved,
  ordered,
  pageCount,
  perPage,
  plain,
  save,
} from "./arrange";
import type { Claim } from "./claims";
import { wallTexts } from "./texts";
import { Tile } from "./tile";
import { useDrag } from "./usedrag";
import { step } from "./walk";
import { WallBar } from "./wallbar";

/** The cameras' live pictures in the order and number that somebody wants them. */
export function Wall(props: {
  account: string;
  cameras: readonly Camera[] | undefined;
  claims: ReadonlyMap<string, Claim>;
  halted: boolean;
  chosen: string;
  onChoose: (id: string) => void;
}) {
  const { account, cameras, chosen, onChoose } = props;
  const w = useWords();
  const t = useTexts(wallTexts);
  const section = useRef<HTMLElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const [said, say] = useState("");
  const a = useArrangement(account, cameras);
  const active = a.shown.some((c) => c.id === chosen) ? chosen : (a.shown[0]?.id ?? "");

  const { move, all } = a;
  const moveTo = useCallback(
    (id: string, to: number) => {
      const at = all.findIndex((c) => c.id === id);
      if (at < 0 || to < 0 || to >= all.length || at === to) return;
      move(at, to);
      say(t("move.done", { name: all[at]?.name ?? id, place: to + 1, n: all.length }));
    },
    [all, move, t],
  );
  const { drag, begin } = useDrag(
    useCallback(
      (id, over) =>
        moveTo(
          id,
          all.findIndex((c) => c.id === over),
        ),
      [all, moveTo],
    ),
  );
  const fillWall = useCallback(() => void fillScreen(section.current ?? undefined), []);
  useKeys({ grid, active, onChoose, moveTo, fillWall, ...a });

  return (
    <section ref={section} className="wall" aria-labelledby="wall-title">
      <h1 id="wall-title" className="hidden">
        {w.t("wall.title")}
      </h1>
      <p className="hidden" aria-live="assertive">
        {said}
      </p>
      {cameras === undefined ? (
        <div className="panel">
          <Loading rows={4} />
        </div>
      ) : cameras.length === 0 ? (
        <div className="panel">
          <Empty icon="camera" title={w.t("wall.empty.title")}>
            {w.t("wall.empty.text")}
          </Empty>
        </div>
      ) : (
        <>
          <WallBar
            layout={a.layout}
            onLayout={a.setLayout}
            page={a.page}
            pages={a.pages}
            onPage={a.setPage}
            arranged={a.arranged}
            onReset={a.reset}
            onFull={fillWall}
          />
          <div
            ref={grid}
            className={`tiles${drag ? " dragging" : ""}`}
            data-columns={columns(a.layout, a.shown.length)}
          >
            {a.shown.map((c) => (
              <Tile
                key={c.id}
                camera={c}
                claim={props.claims.get(c.id) ?? "guests"}
                halted={props.halted}
                active={c.id === active}
                place={drag?.id === c.id ? "held" : drag?.over === c.id ? "under" : ""}
                onChoose={onChoose}
                onFill={fillScreen}
                onGrip={begin}
              />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

/** The arrangement of this account on this device, and the page that is shown. */
function useArrangement(account: string, cameras: readonly Camera[] | undefined) {
  const [want, setWant] = useState(() => load(account, localStorage));
  const [wanted, setPage] = useState(0);
  useEffect(() => setWant(load(account, localStorage)), [account]);
  const keep = useCallback(
    (next: typeof want) => {
      setWant(next);
      save(account, next, localStorage);
    },
    [account],
  );
  const all = useMemo(() => {
    const byID = new Map(cameras?.map((c) => [c.id, c]));
    return ordered([...byID.keys()], want.order).map((id) => byID.get(id) as Camera);
  }, [cameras, want.order]);
  const pages = pageCount(all.length, want.layout);
  const page = Math.min(wanted, pages - 1);
  const size = perPage(want.layout);
  const setLayout = useCallback((layout: Layout) => keep({ ...want, layout }), [keep, want]);
  const move = useCallback(
    (from: number, to: number) => {
      keep({ ...want, order: moved(all, from, to).map((c) => c.id) });
      setPage(Math.floor(to / size));
    },
    [all, keep, size, want],
  );
  const reset = useCallback(() => keep(plain), [keep]);
  return {
    layout: want.layout,
    arranged: want.order.length > 0,
    all,
    shown: all.slice(page * size, (page + 1) * size),
    first: page * size,
    page,
    pages,
    setLayout,
    setPage,
    move,
    reset,
  };
}

const layoutKeys = "01234"; // automatic, then the tiles along one side

/** Arrow keys walk, with Shift they move the tile; the rest is in the help. */
function useKeys(p: {
  grid: RefObject<HTMLDivElement | null>;
  active: string;
  first: number;
  page: number;
  pages: number;
  onChoose: (id: string) => void;
  moveTo: (id: string, to: number) => void;
  fillWall: () => void;
  setLayout: (l: Layout) => void;
  setPage: (n: number) => void;
}) {
  const latest = useRef(p);
  useEffect(() => {
    latest.current = p;
  });
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const { grid, active, first, page, pages, onChoose, moveTo, fillWall, setLayout, setPage } =
        latest.current;
      if (isTyping(e.target) || e.ctrlKey || e.metaKey || e.altKey) return;
      if (document.querySelector("dialog[open], [role=dialog]")) return;
      const tiles = [...(grid.current?.querySelectorAll<HTMLElement>("[data-camera]") ?? [])];
      const focus = (id: string) =>
        requestAnimationFrame(() =>
          grid.current?.querySelector<HTMLElement>(`[data-camera="${CSS.escape(id)}"]`)?.focus(),
        );
      const layout = layouts[layoutKeys.indexOf(e.key)];
      if (e.key === "f") void fillScreen(tiles.find((tile) => tile.dataset.camera === active));
      else if (e.key === "F" || e.key === "w") fillWall();
      else if (layout !== undefined && e.key.length === 1) setLayout(layout);
      else if (e.key === "PageDown" && page < pages - 1) setPage(page + 1);
      else if (e.key === "PageUp" && page > 0) setPage(page - 1);
      else {
        // Elsewhere the arrows scroll the page, as everybody expects.
        if (!grid.current?.contains(e.target as Node)) return;
        const at = tiles.findIndex((tile) => tile.dataset.camera === active);
        const next = step(
          e.key,
          at,
          tiles.map((tile) => tile.getBoundingClientRect()),
        );
        const id = tiles[next]?.dataset.camera;
        if (id === undefined) return;
        if (e.shiftKey && e.key.startsWith("Arrow")) {
          // At the edge of a page a tile goes on to the next one.
          const sideways = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
          moveTo(active, first + (next === at ? at + sideways : next));
          focus(active);
        } else if (next === at) return;
        else {
          onChoose(id);
          tiles[next]?.focus();
        }
      }
      e.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Fills the screen with something, or leaves full screen when it fills it already. */
async function fillScreen(what: HTMLElement | undefined): Promise<void> {
  try {
    if (!what || document.fullscreenElement === what) await document.exitFullscreen();
    else await what.requestFullscreen();
  } catch {
    // The browser or the device does not allow it; all stays as it is.
  }
}
