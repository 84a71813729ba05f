import { useMemo } from "react";
import { useTexts } from "../i18n/texts";
import { runsOf } from "./diff";
import { diffTexts } from "./difftexts";

/** A text with what went struck out and what came underlined. */
export function TextDiff({ before, after, lang }: { before: string; after: string; lang?: string }) {
  const t = useTexts(diffTexts);
  const runs = useMemo(() => runsOf(before, after, lang ?? t.lang), [before, after, lang, t.lang]);
  return (
    <p className="diff" lang={lang}>
      {runs.map((r, i) =>
        r.kind === "gone" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the runs of a text have no other name
          <del key={i}>
            <span className="hidden">{t("gone")} </span>
            {r.text}
          </del>
        ) : r.kind === "new" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <ins key={i}>
            <span className="hidden">{t("new")} </span>
            {r.text}
          </ins>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <span key={i}>{r.text}</span>
        ),
      )}
    </p>
  );
}

/** Fields of two versions: those that differ as differences, the others counted. */
export function FieldsDiff(props: {
  fields: readonly { name: string; before: string; after: string; lang?: string }[];
}) {
  const t = useTexts(diffTexts);
  const changed = props.fields.filter((f) => f.before !== f.after);
  return (
    <div className="diffs">
      {changed.map((f) => (
        <section key={f.name}>
          <h4>{f.name}</h4>
          <TextDiff before={f.before} after={f.after} {...(f.lang ? { lang: f.lang } : {})} />
        </section>
      ))}
      <p className="muted">
        {changed.length === 0 ? t("same") : t("unchanged", { n: props.fields.length - changed.length })}
      </p>
    </div>
  );
}
