import { useMemo } from "react";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Icon } from "../../ui/icons";
import { Empty } from "../../ui/parts";
import { sentence } from "../events/words";
import type { Row } from "./marks";
import { noteTexts } from "./notetexts";
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
  const n = useTexts(noteTexts);
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
            <li key={m.id}>
              <button
                type="button"
                className={`mark ${m.tone}`}
                onClick={() => onSeek({ camera: m.camera, at: m.at })}
              >
                <Icon name={m.tone === "note" ? "note" : "play"} size={12} />
                <span>
                  {m.tone === "note"
                    ? n("note.by", { who: m.note.author, text: m.note.text })
                    : sentence(w, m.event, nameOf)}
                  <small className="num">
                    {w.time(new Date(m.at).toISOString())} · {nameOf(m.camera)}
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
