import { useCallback, useEffect, useRef } from "react";
import type { Camera } from "../api/client";
import { useWords } from "../i18n/i18n";
import { Empty, Loading } from "../ui/parts";
import { isTyping } from "../ui/shell";
import { Tile } from "./tile";
import { step } from "./walk";

/** Every camera's live picture; arrow keys walk, f fills the screen. */
export function Wall(props: {
  cameras: readonly Camera[] | undefined;
  chosen: string;
  onChoose: (id: string) => void;
}) {
  const { cameras, chosen, onChoose } = props;
  const w = useWords();
  const grid = useRef<HTMLDivElement>(null);
  const active = cameras?.some((c) => c.id === chosen) ? chosen : (cameras?.[0]?.id ?? "");

  const onKey = useCallback(
    (e: KeyboardEvent) => {
      if (isTyping(e.target) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]"))
        return;
      const tiles = [...(grid.current?.querySelectorAll<HTMLElement>("[data-camera]") ?? [])];
      const inside = grid.current?.contains(e.target as Node) ?? false;
      if (e.key === "f" || e.key === "F") {
        e.preventDefault();
        void fillScreen(tiles.find((t) => t.dataset.camera === active));
        return;
      }
      // Elsewhere the arrows scroll the page, as everybody expects.
      if (!inside) return;
      const at = tiles.findIndex((t) => t.dataset.camera === active);
      const next = step(
        e.key,
        at,
        tiles.map((t) => t.getBoundingClientRect()),
      );
      const tile = tiles[next];
      if (next === at || !tile) return;
      e.preventDefault();
      onChoose(tile.dataset.camera ?? "");
      tile.focus();
    },
    [active, onChoose],
  );
  useEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onKey]);

  return (
    <section className="wall" aria-labelledby="wall-title">
      <h1 id="wall-title" className="hidden">
        {w.t("wall.title")}
      </h1>
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
        <div ref={grid} className="tiles" data-count={Math.min(cameras.length, 16)}>
          {cameras.map((c) => (
            <Tile key={c.id} camera={c} active={c.id === active} onChoose={onChoose} onFill={fillScreen} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Fills the screen with a tile, or leaves it again. */
async function fillScreen(tile: HTMLElement | undefined): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await tile?.requestFullscreen();
  } catch {
    // The browser or the device does not allow it; the tile stays as it is.
  }
}
