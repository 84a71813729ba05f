import { useMemo } from "react";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Icon } from "../../ui/icons";
import { Empty } from "../../ui/parts";
import { sentence } from "../events/words";
import type { Row } from "./marks";
import type { Span } from "./scale";
import { timelineTexts } from "./texts";
import type { Cursor } from "./track";

const most = 100;

/** What lies on the timeline in words; pressing one plays it. */
export function MarkList(props: {
  rows: readonly Row[];
  span: Span;
  nameOf: (id: string) => string;
  onSeek: (c: Cursor) => void;
}) {
  const { rows, span, nameOf, onSeek } = props;
  const w = useWords();
  const t = useTexts(timelineTexts);
  const marks = useMemo(
    () =>
      rows
        .flatMap((r) => r.marks)
        .filter((m) => m.at >= span.from && m.at <= span.to)
        .sort((a, b) => b.at - a.at)
        .slice(0, most),
    [rows, span],
  );
  return (
    <section className="panel marks" aria-labelledby="marks-title">
      <div className="panel-head">
        <h2 id="marks-title">{t("marks.title")}</h2>
      </div>
      {marks.length === 0 ? (
        <Empty icon="clock" title={t("marks.empty")} />
      ) : (
        <ul className="mark-list">
          {marks.map((m) => (
            <li key={m.event.id}>
              <button
                type="button"
                className={`mark ${m.tone}`}
                onClick={() => onSeek({ camera: m.event.camera, at: m.at })}
              >
                <Icon name="play" size={12} />
                <span>
                  {sentence(w, m.event, nameOf)}
                  <small className="num">
                    {w.time(m.event.ts)} · {nameOf(m.event.camera)}
                  </small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
