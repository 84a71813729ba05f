import { useState } from "react";
import { client, type Schemas } from "../api/client";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { SelectField, TextArea, TextField } from "../kit/fields";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { Due, Moment } from "../kit/time";
import { me } from "./texts";

type Receipt = Schemas["RightsReceipt"];
type Status = Schemas["RightsStatus"];

const types = [
  "access",
  "copy",
  "transfer",
  "correct",
  "supplement",
  "erase",
  "withdraw",
  "restrict",
  "object",
  "explain",
  "refuse_automated",
  "confidentiality",
  "cancel_account",
  "deceased_kin",
] as const;
type Type = (typeof types)[number];

/** Asking without an account: the same form and the same answer for everybody. */
export function AskPage() {
  const t = useTexts(me);
  const [receipt, setReceipt] = useState<Receipt>();
  return (
    <div className="desk narrow me">
      <PageHead
        title={t("ask.title")}
        lead={t("ask.lead")}
        actions={
          <LinkButton small to="/privacy" document>
            {t("privacy")}
          </LinkButton>
        }
      />
      {receipt ? (
        <Sent receipt={receipt} onAnother={() => setReceipt(undefined)} />
      ) : (
        <Form onSent={setReceipt} />
      )}
      <Follow />
    </div>
  );
}

function Form({ onSent }: { onSent: (r: Receipt) => void }) {
  const t = useTexts(me);
  const act = useAct();
  const [type, setType] = useState<Type | "">("");
  const [text, setText] = useState("");
  const [contact, setContact] = useState("");
  const send = () =>
    act.run(async () =>
      onSent(
        await say<Receipt>("/v1/rights/requests", {
          type,
          language: t.lang,
          contact,
          ...(text ? { text } : {}),
        }),
      ),
    );
  return (
    <Panel title={t("ask.form")}>
      <form
        className="form"
        onSubmit={(ev) => {
          ev.preventDefault();
          void send();
        }}
      >
        <SelectField
          label={t("r.what")}
          value={type}
          onChange={setType}
          options={types.map((v) => ({ value: v, label: t(`type.${v}`) }))}
        />
        <TextArea label={t("r.words")} value={text} onChange={setText} maxLength={4000} />
        <TextField
          label={t("ask.contact")}
          hint={t("ask.contactHint")}
          value={contact}
          onChange={setContact}
          maxLength={400}
          required
          autoComplete="email"
        />
        <Refused error={act.error} onRetry={act.again} />
        <div className="actions">
          <Button submit tone="primary" pending={act.busy} disabled={!type || contact.trim().length < 3}>
            {t("r.send")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Sent({ receipt, onAnother }: { receipt: Receipt; onAnother: () => void }) {
  const t = useTexts(me);
  const w = useWords();
  return (
    <Panel title={t("ask.sent")} note={t("ask.sentText")}>
      <div role="status">
        <p className="me-number">
          <span>{t("ask.number")}</span> <code>{receipt.request_id}</code>
        </p>
        <p>{t("ask.until", { date: w.moment(receipt.deadline) })}</p>
      </div>
      <div className="actions">
        <Button onPress={onAnother}>{t("ask.another")}</Button>
      </div>
    </Panel>
  );
}

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function Follow() {
  const t = useTexts(me);
  const act = useAct();
  const [number, setNumber] = useState("");
  const [bad, setBad] = useState(false);
  const [status, setStatus] = useState<Status>();
  const show = () => {
    const id = number.trim();
    setBad(!form.test(id));
    if (!form.test(id)) return;
    void act.run(async () => {
      setStatus(undefined);
      const { data } = await client.GET("/v1/rights/requests/{id}/status", { params: { path: { id } } });
      setStatus(data);
    });
  };
  return (
    <Panel title={t("ask.follow")} note={t("ask.followNote")}>
      <form
        className="form"
        onSubmit={(ev) => {
          ev.preventDefault();
          show();
        }}
      >
        <TextField
          label={t("ask.number")}
          value={number}
          onChange={setNumber}
          error={bad ? t("ask.badNumber") : undefined}
          mono
        />
        <Refused error={act.error} onRetry={act.again} />
        <div className="actions">
          <Button submit pending={act.busy} disabled={!number.trim()}>
            {t("ask.show")}
          </Button>
        </div>
      </form>
      {status ? <Shown status={status} onChange={show} /> : null}
    </Panel>
  );
}

function Shown({ status: s, onChange }: { status: Status; onChange: () => void }) {
  const t = useTexts(me);
  const closed = s.state === "fulfilled" || s.state === "refused";
  return (
    <div className="me-card" role="status">
      <Facts
        rows={[
          [t("r.what"), t.code("type", s.type)],
          [
            t("ask.status"),
            <Chip key="s" tone={s.state === "fulfilled" ? "good" : s.state === "refused" ? "bad" : "warn"}>
              {t.code("rstate", s.state)}
            </Chip>,
          ],
          [t("r.received"), <Moment key="r" at={s.received} />],
          [t("ask.acknowledged"), s.acknowledged ? <Moment key="a" at={s.acknowledged} /> : ""],
          [t("r.deadline"), <Due key="d" at={s.deadline} done={closed} />],
          [t("r.outcome"), s.outcome],
          [t("r.appeal"), s.appeal],
        ]}
      />
      {s.extended ? <p>{t("r.extended", { why: s.extended })}</p> : null}
      {s.ground ? <p>{t("r.ground", { why: t.code("ground", s.ground) })}</p> : null}
      {s.state === "refused" ? <Appeal id={s.request_id} onSent={onChange} /> : null}
    </div>
  );
}

function Appeal({ id, onSent }: { id: string; onSent: () => void }) {
  const t = useTexts(me);
  const act = useAct();
  const [text, setText] = useState("");
  const send = () =>
    act.run(async () => {
      await say(`/v1/rights/requests/${id}/appeal`, { text });
      onSent();
    });
  return (
    <form
      className="form"
      onSubmit={(ev) => {
        ev.preventDefault();
        void send();
      }}
    >
      <TextArea label={t("ask.appealText")} value={text} onChange={setText} maxLength={4000} />
      <Refused error={act.error} onRetry={act.again} />
      <div className="actions">
        <Button submit pending={act.busy} disabled={!text.trim()}>
          {t("ask.appeal")}
        </Button>
      </div>
    </form>
  );
}
