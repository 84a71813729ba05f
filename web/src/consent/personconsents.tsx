import { useState } from "react";
import { api } from "../api/client";
import { say, useAct } from "../enrol/act";
import { NoticeView } from "../enrol/notice";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { basis, type Consent, open, type Person, type Purpose } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { ConfirmButton, Dialog } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Chip, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { useToast } from "../kit/toast";
import { Empty } from "../ui/parts";
import { desk } from "./texts";

/** What a person agreed to, each with the answer it waits for and the way to take it back. */
export function Consents({
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
