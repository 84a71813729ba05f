import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Chip } from "../kit/page";
import { Icon } from "../ui/icons";
import type { Coverage, Zone } from "./data";
import { zoneTexts } from "./texts";

/** How far a zone is, in one word. */
export function StateChip({ zone }: { zone: Pick<Zone, "kind" | "state"> }) {
  const t = useTexts(zoneTexts);
  if (zone.state === "retired") return <Chip>{t("state.retired")}</Chip>;
  if (zone.kind === "prohibited" || zone.kind === "privacy")
    return <Chip tone="good">{t("state.filled")}</Chip>;
  if (zone.kind === "signage") return <Chip>{t("state.marked")}</Chip>;
  const tone =
    zone.state === "live"
      ? "good"
      : zone.state === "suspended"
        ? "bad"
        : zone.state === "inspected"
          ? "warn"
          : "muted";
  return <Chip tone={tone}>{t(`state.${zone.state}`)}</Chip>;
}

export type RunsOut = NonNullable<Coverage["runs_out"]>[number];

/** From how many days before its end something is pointed out. */
export const soon = 30;

export function daysLeft(at: string, now = Date.now()): number {
  return Math.floor((Date.parse(at) - now) / 86_400_000);
}

export const toneOf = (days: number): "good" | "warn" | "bad" =>
  days < 0 ? "bad" : days <= soon ? "warn" : "good";

/** What ends, and when, with an icon that says how near that is. */
export function RunsOutLine({ out }: { out: RunsOut }) {
  const t = useTexts(zoneTexts);
  const days = daysLeft(out.at);
  const tone = toneOf(days);
  const what = t(`out.${out.what}`, { id: out.id });
  const date = useDay()(out.at);
  return (
    <span className={`runs-out ${tone}`}>
      <Icon name={tone === "good" ? "clock" : "warn"} size={14} />
      {days < 0 ? t("out.over", { what, date }) : t("out.in", { what, n: days, date })}
    </span>
  );
}

/** A day in the reader's language. */
export function useDay(): (iso: string) => string {
  const words = useWords();
  return (iso) => words.day(iso);
}
