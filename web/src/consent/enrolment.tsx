import { useState } from "react";
import { useParams } from "react-router";
import { api } from "../api/client";
import { handIn, say, useAct } from "../enrol/act";
import { Capture } from "../enrol/capture";
import { ReceiptCard } from "../enrol/receipt";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { open, type Person, type ReceiptCode, type Session, shortName } from "../enrol/types";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { FileField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, Panel } from "../kit/page";
import { useToast } from "../kit/toast";
import { Asking } from "./asking";
import { Guardians } from "./guardians";
import { Proof } from "./proof";
import { desk } from "./texts";

/** One enrolment, step by step: consent, identity, picture, receipt. */
export function Enrolment() {
  const { id = "" } = useParams();
  const session = api.useQuery("get", "/v1/enrolments/{id}", { params: { path: { id } } });
  const enrollee = session.data?.enrollee ?? "";
  const person = api.useQuery(
    "get",
    "/v1/enrollees/{id}",
    { params: { path: { id: enrollee } } },
    { enabled: enrollee !== "" },
  );
  const renew = () => Promise.all([session.refetch(), person.refetch()]);
  return (
    <Loaded query={session} rows={6}>
      {(s) => (
        <Loaded query={person} rows={6}>
          {(p) => <Steps session={s} person={p} onChange={() => void renew()} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Steps(props: { session: Session; person: Person; onChange: () => void }) {
  const t = useTexts(desk);
  const w = useWords();
  const { session, person, onChange } = props;
  const child = person.under_14 === "yes";
  const matched = (person.consents ?? []).some((c) => c.purpose === "match" && c.state === "active");
  const proved = Boolean(session.proof?.method);
  if (session.state === "ended") return <p>{t("enr.ended")}</p>;
  return (
    <>
      <div className="enr-head">
        <div>
          <h2>{t("enr.title", { number: shortName(session.id) })}</h2>
          <p className="lead">
            {t("enr.lead", {
              where: [...(session.scenes ?? []), ...(session.zones ?? [])].join(", "),
              until: w.moment(session.expires_at),
            })}
          </p>
        </div>
        <LinkButton small to={`/consent/people/${session.enrollee}`}>
          {t("enr.person")}
        </LinkButton>
      </div>
      <Progress
        steps={[
          ...(child ? [["guardian", Boolean(person.guardian)] as const] : []),
          ["consent", matched],
          ["proof", proved],
          ["photo", session.state === "enrolled"],
        ]}
      />
      {child ? <Guardians enrollee={person.id} onChange={onChange} /> : null}
      <Asking session={session} person={person} onChange={onChange} />
      <Panel title={t("proof.title")} note={t("proof.note")}>
        {matched ? <Proof session={session} onChange={onChange} /> : <p>{t("proof.first")}</p>}
      </Panel>
      <Panel title={t("photo.title")}>
        {matched && proved ? <Photo session={session} onChange={onChange} /> : <p>{t("photo.first")}</p>}
      </Panel>
      {(person.consents ?? []).length > 0 ? <Receipt person={person} /> : null}
    </>
  );
}

/** How far it has got; the words say it, the marks help. */
function Progress({
  steps,
}: {
  steps: readonly (readonly ["guardian" | "consent" | "proof" | "photo", boolean])[];
}) {
  const t = useTexts(desk);
  return (
    <ol className="enr-steps" aria-label={t("enr.steps")}>
      {steps.map(([name, done]) => (
        <li key={name}>
          <Chip tone={done ? "good" : "muted"}>
            {done ? "✓ " : ""}
            {t(`enr.${name}`)}
          </Chip>
        </li>
      ))}
    </ol>
  );
}

function Photo({ session, onChange }: { session: Session; onChange: () => void }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const w = useWords();
  const act = useAct();
  const [anew, setAnew] = useState(false);
  const [worse, setWorse] = useState(false);
  const tries = Object.entries(session.photos ?? {});
  if (session.state === "enrolled" && !anew)
    return (
      <>
        <p>
          <Chip tone="good">{t("photo.done", { q: w.score(session.best_quality) })}</Chip>
        </p>
        {worse ? <p role="status">{e("shot.worse")}</p> : null}
        <div className="actions">
          <Button onPress={() => setAnew(true)}>{t("photo.better")}</Button>
        </div>
      </>
    );
  const compared = session.proof?.in_person && session.proof.photo_compared;
  return (
    <div className="enr-photo">
      <Capture
        session={session.id}
        onTaken={(taken) => {
          setWorse(taken.outcome === "NOT_BETTER");
          setAnew(false);
          onChange();
        }}
      />
      {compared ? (
        <FileField
          label={e("cam.bring")}
          hint={e("cam.bringHint")}
          accept="image/jpeg,image/png,image/webp"
          onChoose={([file]) => {
            if (!file) return;
            void act.run(async () => {
              await handIn(session.id, file, true);
              setAnew(false);
              onChange();
            });
          }}
        />
      ) : null}
      <Refused error={act.error} />
      {tries.length > 0 ? (
        <Facts
          rows={[[t("photo.attempts"), tries.map(([code, n]) => `${code} × ${w.number(n)}`).join(", ")]]}
        />
      ) : null}
    </div>
  );
}

/** Makes a receipt and shows it until the page is left. */
export function Receipt({ person }: { person: Person }) {
  const t = useTexts(desk);
  const act = useAct();
  const say2 = useToast();
  const house = api.useQuery("get", "/v1/consents/house");
  const [code, setCode] = useState<ReceiptCode>();
  const make = () =>
    act.run(async () => {
      setCode(await say<ReceiptCode>(`/v1/enrollees/${person.id}/code`, undefined));
      say2(t("saved"));
    });
  return (
    <Panel title={t("enr.receipt")} note={t("receipt.note")}>
      {code ? (
        <ReceiptCard code={code} consents={(person.consents ?? []).filter(open)} house={house.data} />
      ) : (
        <Button onPress={() => void make()} pending={act.busy}>
          {t("receipt.make")}
        </Button>
      )}
      <Refused error={act.error} onRetry={act.again} />
    </Panel>
  );
}
