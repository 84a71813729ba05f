import { useCallback, useEffect, useRef } from "react";
import type { Reason } from "../../api/client";
import { useExplain } from "../../duties/reasons";
import { useTexts } from "../../i18n/texts";
import { faultAt, type Language } from "./fields";
import { noticeTexts } from "./texts";

/** Looks a field's faults up, in words. */
export function useFaultOf(faults: readonly Reason[]) {
  const explain = useExplain();
  return useCallback(
    (field: string, language?: Language): string | undefined => {
      const said = faults
        .filter((f) => {
          const at = faultAt(f.object);
          return at.field === field && at.language === language;
        })
        .map((f) => `${explain(f) ?? f.text}${quoted(f)}`);
      return said.length > 0 ? [...new Set(said)].join(" ") : undefined;
    },
    [faults, explain],
  );
}

/** The wording that the server objects to, which it quotes in its own sentence. */
function quoted(f: Reason): string {
  const word = f.code === "NOTICE_OPEN_LIST" ? /^"(.*?)" /.exec(f.text)?.[1] : undefined;
  return word ? ` (“${word}”)` : "";
}

/** Every fault at once, each leading to its field. It takes the focus, so that it is heard. */
export function Faults({ list }: { list: readonly Reason[] }) {
  const t = useTexts(noticeTexts);
  const explain = useExplain();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.length > 0) box.current?.focus();
  }, [list]);
  return (
    <div className="note bad" role="alert" tabIndex={-1} ref={box}>
      <div>
        <strong>{t("faults", { n: list.length })}</strong> {t("faults.note")}
        <ul className="reasons">
          {list.map((f) => {
            const at = faultAt(f.object);
            const id = at.language ? `field-${at.language}-${at.field}` : `field-${at.field}`;
            const name = at.language ? t.code("f", at.field) : t.code("of", at.field);
            const where = at.language ? `${t(`lang.${at.language}`)} · ${name}` : name;
            return (
              <li key={`${f.code} ${f.object} ${f.text}`}>
                <a
                  href={`#${id}`}
                  onClick={(e) => {
                    e.preventDefault();
                    const field = document.getElementById(id);
                    field?.scrollIntoView({ block: "center" });
                    field?.querySelector<HTMLElement>("input, textarea")?.focus();
                  }}
                >
                  {where}
                </a>
                : {explain(f) ?? f.text}
                {quoted(f)}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
