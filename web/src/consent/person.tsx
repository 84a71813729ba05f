import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { api } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { type Consent, open, type Person, type Session, shortName } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, Panel } from "../kit/page";
import { Moment } from "../kit/time";
import { Receipt } from "./enrolment";
import { Guardians } from "./guardians";
import { Consents } from "./personconsents";
import { History } from "./personhistory";
import { desk } from "./texts";

/** One person: what they agreed to, and one press to take it back. */
export function PersonPage() {
  const { id = "" } = useParams();
  const person = api.useQuery("get", "/v1/enrollees/{id}", { params: { path: { id } } });
  const renew = () => void person.refetch();
  return (
    <Loaded query={person} rows={6}>
      {(p) => <Shown person={p} onChange={renew} />}
    </Loaded>
  );
}

function Shown({ person, onChange }: { person: Person; onChange: () => void }) {
  const t = useTexts(desk);
  const own = person.consents ?? [];
  return (
    <>
      <div>
        <h2>{t("person.title", { number: shortName(person.id) })}</h2>
        <p className="lead">{t("person.lead")}</p>
      </div>
      <div className="columns">
        <Panel title={t("person.status")}>
          <Facts
            rows={[
              [
                t("person.status"),
                <Chip key="s" tone={person.status === "active" ? "good" : "muted"}>
                  {t.code("person.status", person.status)}
                </Chip>,
              ],
              [t("person.since"), <Moment key="m" at={person.changed_at} />],
              [t("person.age"), t.code("person.age", person.under_14)],
              [t("person.restricted"), person.restricted ? "✓" : ""],
              [t("person.objected"), person.objected ? "✓" : ""],
              [
                t("person.id"),
                <code key="i" className="small-hash">
                  {person.id}
                </code>,
              ],
            ]}
          />
        </Panel>
        {own.length > 0 ? <Receipt person={person} /> : null}
      </div>
      <Consents person={person} own={own} onChange={onChange} />
      {person.under_14 === "yes" ? <Guardians enrollee={person.id} onChange={onChange} /> : null}
      <History key={person.version} id={person.id} />
      {person.status === "active" && own.some(open) ? <Again own={own} /> : null}
    </>
  );
}

/** A new picture for the scenes and zones that the person agreed to. */
function Again({ own }: { own: readonly Consent[] }) {
  const t = useTexts(desk);
  const go = useNavigate();
  const act = useAct();
  const [keys] = useState(() => new Keys());
  const match = own.find((c) => c.purpose === "match" && c.state === "active");
  if (!match) return null;
  const begin = () =>
    act.run(async () => {
      const body = { channel: "kiosk", scenes: match.scenes, zones: match.zones, enrollee: match.enrollee };
      const s = await say<Session>("/v1/enrolments", body, keys.of("again"));
      void go(`/consent/enrolments/${s.id}`);
    });
  return (
    <Panel title={t("again.title")} note={t("again.note")}>
      <Button onPress={() => void begin()} pending={act.busy}>
        {t("again.go")}
      </Button>
      <Refused error={act.error} onRetry={act.again} />
    </Panel>
  );
}
