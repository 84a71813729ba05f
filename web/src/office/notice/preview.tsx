import { useMemo } from "react";
import { Words, WordsContext } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { fieldNames, type Language, languages, type Notice, type NoticeText } from "./fields";
import { noticeTexts } from "./texts";

/** A notice as people read it, both languages side by side. */
export function Preview({ notice }: { notice: Notice }) {
  return (
    <div className="bilingual">
      {languages.map((l) => {
        const text = notice.texts[l];
        return text ? <Sheet key={l} lang={l} text={text} /> : null;
      })}
    </div>
  );
}

/** One language, its headings in that language too. */
function Sheet({ lang, text }: { lang: Language; text: NoticeText }) {
  const words = useMemo(() => new Words(lang), [lang]);
  return (
    <WordsContext value={words}>
      <article className="sheet" lang={lang}>
        <SheetText text={text} />
      </article>
    </WordsContext>
  );
}

function SheetText({ text }: { text: NoticeText }) {
  const t = useTexts(noticeTexts);
  return (
    <>
      <h3>{text.title}</h3>
      {fieldNames.slice(1).map((name) => {
        if (name === "kinds")
          return (
            <section key={name}>
              <h4>{t("f.kinds")}</h4>
              {(text.kinds ?? []).map((k) => (
                <div key={k.function} className="sheet-kind">
                  <strong>{k.function}</strong>
                  <ul>
                    {(k.data ?? []).map((d) => (
                      <li key={d}>{d}</li>
                    ))}
                  </ul>
                </div>
              ))}
            </section>
          );
        const said = text[name];
        return said ? (
          <section key={name}>
            <h4>{t(`f.${name}`)}</h4>
            <p>{said}</p>
          </section>
        ) : null;
      })}
    </>
  );
}
