import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { TextField } from "../kit/fields";
import { PageHead } from "../kit/page";
import { Icon } from "../ui/icons";
import { PurposeBar } from "./purpose";
import { questionTexts } from "./questiontexts";
import { auditTexts } from "./texts";

const groups = {
  lawful: ["consent-missing", "zone-unlawful", "after-withdrawal", "children"],
  event: ["rules-in-force", "database-used", "confirmations"],
  use: ["reads", "zone-outcomes", "use-and-faults"],
  keep: ["complete", "overdue", "people-held"],
} as const;
const checks = new Set<string>([...groups.lawful, "complete", "overdue"]);
const ofOne = new Set<string>(["rules-in-force", "database-used"]);
const number = new Map<string, number>(
  [
    "consent-missing",
    "zone-unlawful",
    "after-withdrawal",
    "rules-in-force",
    "database-used",
    "confirmations",
    "reads",
    "zone-outcomes",
    "use-and-faults",
    "children",
    "complete",
    "overdue",
    "people-held",
  ].map((name, i) => [name, i + 1]),
);

/** The thirteen questions, by what they are about. One press asks. */
export function QuestionsPage() {
  const t = useTexts(auditTexts);
  const q = useTexts(questionTexts);
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <PurposeBar />
      {(Object.keys(groups) as (keyof typeof groups)[]).map((g) => (
        <section key={g} className="audit-group" aria-labelledby={`group-${g}`}>
          <h2 id={`group-${g}`}>{q(`group.${g}`)}</h2>
          <ol className="audit-cards">
            {groups[g].map((name) => (
              <li key={name}>
                <Link
                  className="audit-card"
                  to={ofOne.has(name) ? `/audit/questions/${name}` : `/audit/questions/${name}?asked`}
                >
                  <span className="audit-card-mark">
                    <Icon name={checks.has(name) ? "check" : "count"} />
                    <span className="num">{number.get(name)}</span>
                    <span>{checks.has(name) ? t("check") : t("count")}</span>
                  </span>
                  <strong>{q(`q.${name}`)}</strong>
                  <span className="audit-card-about">{q(`a.${name}`)}</span>
                  <span className="audit-card-go" aria-hidden="true">
                    {ofOne.has(name) ? t("card.set") : t("card.ask")} →
                  </span>
                </Link>
              </li>
            ))}
          </ol>
        </section>
      ))}
      <FindEvent />
    </>
  );
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isEventID = (s: string) => uuid.test(s.trim().toLowerCase());

function FindEvent() {
  const t = useTexts(auditTexts);
  const q = useTexts(questionTexts);
  const go = useNavigate();
  const [id, setID] = useState("");
  const [tried, setTried] = useState(false);
  const bad = tried && !isEventID(id);
  return (
    <form
      className="panel audit-find"
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (isEventID(id)) void go(`/audit/events/${id.trim().toLowerCase()}`);
      }}
    >
      <TextField
        label={t("find.label")}
        value={id}
        onChange={setID}
        mono
        error={bad ? q("bad.event") : undefined}
      />
      <Button submit>{t("find.go")}</Button>
    </form>
  );
}
