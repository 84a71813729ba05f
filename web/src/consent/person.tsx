import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { api } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { NoticeView } from "../enrol/notice";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import {
  basis,
  type Consent,
  open,
  type Person,
  type Purpose,
  type Session,
  shortName,
} from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { ConfirmButton, Dialog } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { Empty } from "../ui/parts";
import { Receipt } from "./enrolment";
import { Guardians } from "./guardians";
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

function Consents({
  person,
  own,
  onChange,
}: {
  person: Person;
  own: readonly Consent[];
  onChange: () => void;
}) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const act = useAct();
  const toast = useToast();
  const [answer, setAnswer] = useState<Consent>();
  const withdraw = (c: Consent) =>
    act.run(async () => {
      await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      toast(t("consents.withdrawn"));
      onChange();
    });
  return (
    <Panel
      title={t("consents.title")}
      actions={
        own.some(open) ? (
          <ConfirmButton
            small
            tone="danger"
            label={t("consents.all")}
            title={t("consents.allTitle")}
            text={t("consents.allText")}
            run={async () => {
              await say(`/v1/enrollees/${person.id}/withdraw`, undefined);
              onChange();
            }}
          />
        ) : null
      }
    >
      <Refused error={act.error} onRetry={act.again} />
      <DataTable
        caption={t("table", { what: t("consents.title") })}
        rows={own}
        rowKey={(c) => c.id}
        empty={
          <Empty icon="info" title={t("consents.none")}>
            {t("consents.noneText")}
          </Empty>
        }
        columns={[
          {
            key: "what",
            title: t("consents.what"),
            cell: (c) => <strong>{e.code("purpose", c.purpose)}</strong>,
          },
          { key: "where", title: t("consents.where"), cell: (c) => (c.zones ?? []).join(", ") },
          {
            key: "state",
            title: t("consents.state"),
            cell: (c) => (
              <Chip tone={c.state === "active" ? "good" : open(c) ? "warn" : "muted"}>
                {e.code("state", c.state)}
              </Chip>
            ),
          },
          { key: "since", title: t("consents.since"), cell: (c) => <Moment at={c.changed_at} /> },
          {
            key: "until",
            title: t("consents.until"),
            cell: (c) => (open(c) ? <Moment at={c.expires_at} /> : "–"),
          },
          { key: "how", title: t("consents.how"), cell: (c) => e.code("channel", c.act.channel) },
          {
            key: "do",
            title: t("consents.withdraw"),
            cell: (c) =>
              open(c) ? (
                <span className="actions">
                  {c.state === "pending" || c.state === "reconfirm" ? (
                    <Button small onPress={() => setAnswer(c)}>
                      {t(c.state === "pending" ? "consents.confirm" : "consents.renew")}
                    </Button>
                  ) : null}
                  <Button small onPress={() => void withdraw(c)} disabled={act.busy}>
                    {t("consents.withdraw")}
                  </Button>
                </span>
              ) : null,
          },
        ]}
      />
      <Dialog
        title={t("answer.title")}
        open={answer !== undefined}
        onClose={() => setAnswer(undefined)}
        wide
        keep
      >
        {answer ? (
          <Answer
            consent={answer}
            guardian={person.under_14 === "yes" ? person.guardian : undefined}
            onDone={() => {
              setAnswer(undefined);
              onChange();
            }}
          />
        ) : null}
      </Dialog>
    </Panel>
  );
}

/** The second act of an online consent, or the new one that a consent waits for. */
function Answer(props: { consent: Consent; guardian: string | undefined; onDone: () => void }) {
  const t = useTexts(enrol);
  const act = useAct();
  const { consent: c } = props;
  const scene = c.scenes?.[0] ?? "";
  const notice = api.useQuery("get", "/v1/notices/current", { params: { query: { scene } } });
  const yes = (hash: string) =>
    act.run(async () => {
      await say<Consent>(`/v1/consents/${c.id}/${c.state === "pending" ? "confirm" : "renew"}`, {
        ...(props.guardian ? { guardian: props.guardian } : {}),
        act: { channel: "kiosk", widget: "button", language: t.lang, notice_hash: hash, basis },
      });
      props.onDone();
    });
  const no = () =>
    act.run(async () => {
      await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      props.onDone();
    });
  return (
    <Loaded query={notice} rows={6}>
      {(current) => (
        <div className="handover">
          <NoticeView current={current} />
          <Question
            purpose={c.purpose as Purpose}
            zones={c.zones ?? []}
            busy={act.busy}
            onYes={() => void yes(current.hash)}
            onNo={() => void no()}
          />
          <Refused error={act.error} onRetry={act.again} />
        </div>
      )}
    </Loaded>
  );
}

function History({ id }: { id: string }) {
  const t = useTexts(desk);
  const history = api.useQuery(
    "get",
    "/v1/enrollees/{id}/history",
    { params: { path: { id } } },
    { staleTime: 0 },
  );
  return (
    <Panel title={t("history.title")}>
      <Loaded query={history}>
        {({ versions }) => (
          <DataTable
            caption={t("table", { what: t("history.title") })}
            rows={versions.toReversed()}
            rowKey={(v) => String(v.version)}
            columns={[
              { key: "at", title: t("history.when"), cell: (v) => <Moment at={v.changed_at} /> },
              { key: "what", title: t("history.what"), cell: (v) => happened(t, v.reason ?? "") },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** What happened in the reader's language; what has no words here is shown as it was recorded. */
function happened(t: ReturnType<typeof useTexts<keyof (typeof desk)["en"]>>, reason: string): string {
  const key = Object.entries(reasons).find(([start]) => reason.startsWith(start))?.[1];
  return key ? t(key) : reason;
}

const reasons = {
  "enrolment began": "why.began",
  "guardian verified": "why.guardian",
  "the guardian's power ended": "why.guardianEnded",
  "turned 14": "why.turned14",
  "no consent to be recognised is left": "why.none",
  "the enrolment was not finished": "why.unfinished",
  imported: "why.imported",
  "enrolled again": "why.again",
  enrolled: "why.enrolled",
} as const;

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
