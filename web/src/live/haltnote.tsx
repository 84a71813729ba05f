import { useEffect } from "react";
import { Link, useLocation } from "react-router";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { holds, useSession } from "../session/session";
import { Icon } from "../ui/icons";
import { useHouse, useNow } from "../ui/parts";
import { useHalt } from "./halt";
import { haltTexts } from "./halttexts";
import type { House } from "./house";

const reaches = 10_000; // ms within which a halt is obeyed everywhere, also where the control side is away

/** Tells everybody on the staff, on every page, that recognition is halted, and who may end that. */
export function HaltNote({ house }: { house: House }) {
  const t = useTexts(haltTexts);
  const w = useWords();
  const { session } = useSession();
  const { pathname } = useLocation();
  const { now, mayResume, renew } = useHalt(true);
  const { events } = useHouse(house);
  // Who follows the stream is told at once, others when it is asked again.
  const last = events?.find((e) => e.kind === "gate_change")?.id;
  useEffect(() => {
    if (last !== undefined) void renew();
  }, [last, renew]);
  const soon = useNow() - Date.parse(now?.since ?? "") < reaches;
  if (!now?.on) return null;
  const time = w.time(now.since ?? now.at);
  const mine = now.asked === session.id;
  const page = holds(session, ["privacy_officer"]) ? "/office/halt" : "/admin/halt";
  const next = !now.asked ? t("note.two") : mine ? t("note.mine") : t("note.one", { asked: now.asked });
  return (
    <div className="notices halt-note">
      <div className="note warn" role="status">
        <Icon name="mask" />
        <div>
          <strong>
            {now.by === session.id ? t("note.you", { time }) : t("note.by", { by: now.by ?? "–", time })}
          </strong>{" "}
          {soon ? t("note.soon") : t("note.masked")}
          {now.why ? <> {t("note.why", { why: now.why })}</> : null}
          <small>{next}</small>
        </div>
        {mayResume && !mine && pathname !== page ? (
          <Link className="button small" to={page}>
            {now.asked ? t("note.agree") : t("note.resume")}
          </Link>
        ) : null}
      </div>
    </div>
  );
}
