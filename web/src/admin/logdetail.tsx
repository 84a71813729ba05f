import { deskTexts } from "../desks/texts";
import { nameTexts } from "../duties/names";
import { ruleText } from "../duties/ruletexts";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Moment } from "../kit/time";
import { logTexts } from "./logtexts";

const longest = 120;

/** What an entry says besides its time and place, each with its name in words. */
export function LogDetail({ detail }: { detail: Readonly<Record<string, string>> }) {
  const t = useTexts(logTexts);
  const said = Object.entries(detail).filter(([, v]) => v !== "");
  if (said.length === 0) return <>–</>;
  return (
    <dl className="log-detail">
      {said.map(([key, value]) => (
        <div key={key}>
          <dt>{nameOfDetail(t, key)}</dt>
          <dd>
            <Value of={key} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A detail's name; one that is new is read as it is written: "signed_by" says "signed by". */
export function nameOfDetail(
  t: { (key: "d.hash", params: { lang: string }): string; code(prefix: string, code: string): string },
  key: string,
): string {
  if (key.startsWith("hash_")) return t("d.hash", { lang: key.slice("hash_".length) });
  const name = t.code("d", key);
  return name === key ? key.replaceAll("_", " ") : name;
}

function Value({ of, value }: { of: string; value: string }) {
  const w = useWords();
  const t = useTexts(logTexts);
  const roles = useTexts(deskTexts);
  const names = useTexts(nameTexts);
  const known = (code: string): string => {
    if (w.has(`mask.${code}`) || w.has(`off.${code}`))
      return w.has(`mask.${code}`) ? w.code("mask", code) : w.code("off", code);
    for (const [teller, prefix] of [
      [roles, "role"],
      [names, "class"],
      [t, "v"],
    ] as const) {
      const said = teller.code(prefix, code);
      if (said !== code) return said;
    }
    return ruleText(code, w.lang);
  };
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return <Moment at={value} />;
  // Whose account, or a text's digest: enough of it to compare.
  if (/^[0-9a-f]{40,}$/.test(value))
    return (
      <code className="mono" title={value}>
        {value.slice(0, 12)}…
      </code>
    );
  // Somebody's own words are no list of codes.
  if (of === "reason" || of === "why" || of === "error" || of === "rule")
    return <>{cut(of === "rule" ? ruleText(value, w.lang) : value)}</>;
  return (
    <>
      {cut(
        value
          .split(",")
          .map(known)
          .join(w.lang === "en" ? ", " : "、"),
      )}
    </>
  );
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
