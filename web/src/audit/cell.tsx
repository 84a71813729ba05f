import { Link } from "react-router";
import { deskTexts } from "../desks/texts";
import { type Key, useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { unbroken } from "../i18n/unbroken";
import { type ColumnType, pseudonym, type Value } from "./answer";
import { columnTexts } from "./columntexts";
import { auditTexts } from "./texts";

/** A value in the reader's words: times in full, hashes cut, events as links. */
export function Cell({ name, type, value }: { name: string; type: ColumnType; value: Value }) {
  const c = useTexts(columnTexts);
  const t = useTexts(auditTexts);
  const d = useTexts(deskTexts);
  const w = useWords();
  if (value === null || value === "") return <span className="audit-none">–</span>;
  if (typeof value === "number") return <>{numberText(name, value, w.lang)}</>;
  if (type === "time" || (name === "inspection_until" && !Number.isNaN(Date.parse(value))))
    return <Moment iso={value} step={name === "hour" || name === "day" ? name : "second"} />;
  if (name === "event_id" || name === "ref_event")
    return (
      <Link className="mono" to={`/audit/events/${value}`} title={value}>
        {value.slice(0, 13)}…
      </Link>
    );
  if (name === "subject_ref") return <span title={value}>{t("guest", { who: pseudonym(value) })}</span>;
  if (type === "digest")
    return (
      <code className="mono" title={value}>
        {value.slice(0, 12)}…
      </code>
    );
  if (name === "kind") return <>{c.code("k", value)}</>;
  if (name === "action") return <>{c.code("act", value)}</>;
  if (name === "purpose") return <>{c.code("for", value)}</>;
  if (name === "role")
    return (
      <>
        {value
          .split(",")
          .map((r) => d.code("role", r))
          .join(", ")}
      </>
    );
  if (name === "reason" && w.has(`mask.${value}`)) return <>{w.t(`mask.${value}` as Key)}</>;
  return <>{codes.has(name) ? c.code("v", value) : value}</>;
}

/** Columns that hold codes, which have words; other texts are shown as they are. */
export const codes: ReadonlySet<string> = new Set([
  "consent_state",
  "zone_state",
  "scene_state",
  "state",
  "fault",
  "what",
  "confirmed",
  "under14",
  "guardian",
  "verdict",
  "outcome",
  "gate_mode",
  "pad",
  "ts_quality",
  "withheld",
]);

/** How fine a moment is: a count's hour has no seconds. */
export type Step = "second" | "minute" | "hour" | "day";

/** A moment in the reader's own time; UTC to the millisecond on hovering. */
export function Moment({ iso, step = "second" }: { iso: string; step?: Step }) {
  const w = useWords();
  return (
    <time dateTime={iso} title={iso} className="num">
      {momentText(iso, w.lang, step)}
    </time>
  );
}

const date = { year: "numeric", month: "short", day: "numeric" } as const;
// An hour says its minutes too: where clocks stand half an hour off, it begins at one.
const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

export function momentText(iso: string, lang: string, step: Step = "second"): string {
  const d = new Date(iso);
  if (Number.isNaN(d.getTime())) return iso;
  const fine =
    step === "day"
      ? date
      : step === "second"
        ? { ...date, ...clock, second: "2-digit" as const }
        : { ...date, ...clock };
  return unbroken(new Intl.DateTimeFormat(lang, fine).format(d));
}

/** Counts plainly, shares and scores with the digits that matter. */
export function numberText(name: string, n: number, lang: string): string {
  const version = name.endsWith("version") || name === "gate_bits";
  return new Intl.NumberFormat(lang, {
    useGrouping: !version,
    maximumFractionDigits: Number.isInteger(n) ? 0 : 4,
  }).format(n);
}
