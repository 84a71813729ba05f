import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { type Layout, layouts } from "./arrange";
import { wallTexts } from "./texts";

/** Layout, pages and full screen of the wall. */
export function WallBar(props: {
  layout: Layout;
  onLayout: (l: Layout) => void;
  page: number;
  pages: number;
  onPage: (p: number) => void;
  arranged: boolean;
  onReset: () => void;
  onFull: () => void;
}) {
  const { layout, page, pages } = props;
  const w = useWords();
  const t = useTexts(wallTexts);
  return (
    <div className="wall-bar">
      <fieldset className="segments">
        <legend className="hidden">{t("layout.label")}</legend>
        {layouts.map((l) => (
          <button
            key={l}
            type="button"
            aria-pressed={l === layout}
            aria-label={t(`layout.${l}`)}
            title={t(`layout.${l}`)}
            onClick={() => props.onLayout(l)}
          >
            {l === "auto" ? t("layout.auto") : w.number(Number(l))}
          </button>
        ))}
      </fieldset>
      {pages > 1 ? (
        <div className="wall-pages">
          <button
            type="button"
            className="tool"
            disabled={page === 0}
            aria-label={t("page.prev")}
            onClick={() => props.onPage(page - 1)}
          >
            <Icon name="left" />
          </button>
          <span className="num" role="status">
            {t("page.of", { page: page + 1, pages })}
          </span>
          <button
            type="button"
            className="tool"
            disabled={page === pages - 1}
            aria-label={t("page.next")}
            onClick={() => props.onPage(page + 1)}
          >
            <Icon name="right" />
          </button>
        </div>
      ) : null}
      <span className="spring" />
      {props.arranged ? (
        <button type="button" className="tool" title={t("wall.reset")} onClick={props.onReset}>
          <Icon name="undo" />
          <span className="hidden">{t("wall.reset")}</span>
        </button>
      ) : null}
      <button type="button" className="tool" title={t("wall.full")} onClick={props.onFull}>
        <Icon name="full" />
        <span className="hidden">{t("wall.full")}</span>
      </button>
    </div>
  );
}
