import type { useView } from "./view";

/** The buttons that bring the surface nearer, farther away, or whole into view. */
export function ViewTools({
  view,
  t,
}: {
  view: ReturnType<typeof useView>;
  t: (k: "zoom.in" | "zoom.out" | "zoom.fit") => string;
}) {
  return (
    <div className="canvas-zoom">
      <button type="button" onClick={() => view.zoom(1.5)} aria-label={t("zoom.in")} title={t("zoom.in")}>
        +
      </button>
      <button
        type="button"
        onClick={() => view.zoom(1 / 1.5)}
        aria-label={t("zoom.out")}
        title={t("zoom.out")}
      >
        −
      </button>
      <button type="button" onClick={view.fit} aria-label={t("zoom.fit")} title={t("zoom.fit")}>
        ⤢
      </button>
    </div>
  );
}
