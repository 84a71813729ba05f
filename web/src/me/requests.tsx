import { useState } from "react";
import { api, problemOf, type Schemas } from "../api/client";
import { send } from "../api/send";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { SelectField, TextArea, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, Panel } from "../kit/page";
import { Due, Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { saveFile } from "./save";
import { me } from "./texts";

type Own = Schemas["MeOwnRequest"];

const types = [
  "access",
  "copy",
  "correct",
  "supplement",
  "restrict",
  "object",
  "erase",
  "explain",
  "refuse_automated",
  "confidentiality",
  "cancel_account",
] as const;
type Type = (typeof types)[number];
const atOnce: readonly Type[] = ["restrict", "object", "refuse_automated", "erase", "cancel_account"];

/** A person's requests, a way to make one, and their data to take away. */
export function RequestsPage() {
  const t = useTexts(me);
  const list = api.useQuery("get", "/v1/me/requests");
  const copy = useAct();
  const take = () =>
    copy.run(async () => {
      const r = await say<Own>("/v1/me/requests", { type: "copy", language: t.lang });
      await download(r.request_id);
      await list.refetch();
    });
  return (
    <>
      <Panel title={t("r.download")} note={t("r.downloadNote")}>
        <div className="actions">
          <Button onPress={() => void take()} pending={copy.busy}>
            {t("r.copyNow")}
          </Button>
        </div>
        {copy.busy ? <p role="status">{t("r.downloading")}</p> : null}
        <Refused error={copy.error} onRetry={copy.again} />
      </Panel>
      <Panel title={t("r.title")}>
        <Loaded
          query={list}
          isEmpty={(d) => d.requests.length === 0}
          empty={
            <Empty icon="note" title={t("r.none")}>
              {t("r.noneText")}
            </Empty>
          }
        >
          {({ requests }) => (
            <ul className="me-cards">
              {requests.map((r) => (
                <OneRequest key={r.request_id} request={r} />
              ))}
            </ul>
          )}
        </Loaded>
      </Panel>
      <NewRequest onSent={() => void list.refetch()} />
    </>
  );
}

/** Reads the bundle, which may take long, and hands it to the browser. */
async function download(id: string): Promise<void> {
  const res = await send(new Request(`/v1/me/requests/${id}/bundle`));
  if (!res.ok) throw await problemOf(res);
  saveFile(`my-data-${id}.zip`, await res.blob());
}

function OneRequest({ request: r }: { request: Own }) {
  const t = useTexts(me);
  const act = useAct();
  const closed = r.state === "fulfilled" || r.state === "refused";
  return (
    <li className="me-card">
      <div className="me-card-head">
        <h3>{t.code("type", r.type)}</h3>
        <Chip tone={r.state === "fulfilled" ? "good" : r.state === "refused" ? "bad" : "warn"}>
          {t.code("rstate", r.state)}
        </Chip>
      </div>
      {r.text ? <p>{r.text}</p> : null}
      <Facts
        rows={[
          [t("r.received"), <Moment key="r" at={r.received} />],
          [t("r.deadline"), <Due key="d" at={r.deadline} done={closed} />],
          [t("r.outcome"), r.outcome],
          [t("r.appeal"), r.appeal],
          [
            t("r.number"),
            <code key="n" className="me-id">
              {r.request_id}
            </code>,
          ],
        ]}
      />
      {r.extended ? <p>{t("r.extended", { why: r.extended })}</p> : null}
      {r.ground ? <p>{t("r.ground", { why: t.code("ground", r.ground) })}</p> : null}
      {r.copy ? (
        <div className="actions">
          <Button small onPress={() => void act.run(() => download(r.request_id))} pending={act.busy}>
            {t("r.download")}
          </Button>
        </div>
      ) : null}
      <Refused error={act.error} onRetry={act.again} />
    </li>
  );
}

function NewRequest({ onSent }: { onSent: () => void }) {
  const t = useTexts(me);
  const w = useWords();
  const act = useAct();
  const [type, setType] = useState<Type | "">("");
  const [text, setText] = useState("");
  const [contact, setContact] = useState("");
  const [sent, setSent] = useState<Own>();
  const send = () =>
    act.run(async () => {
      const r = await say<Own>("/v1/me/requests", {
        type,
        language: t.lang,
        ...(text ? { text } : {}),
        ...(contact ? { contact } : {}),
      });
      setSent(r);
      setType("");
      setText("");
      setContact("");
      onSent();
    });
  return (
    <Panel title={t("r.new")}>
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
          hint={type !== "" && atOnce.includes(type) ? t("r.atOnce") : undefined}
          options={types.map((v) => ({ value: v, label: t(`type.${v}`) }))}
        />
        <TextArea label={t("r.words")} value={text} onChange={setText} maxLength={4000} />
        <TextField
          label={t("r.contact")}
          hint={t("r.contactHint")}
          value={contact}
          onChange={setContact}
          maxLength={400}
          autoComplete="email"
        />
        <Refused error={act.error} onRetry={act.again} />
        <div className="actions">
          <Button submit tone="primary" pending={act.busy} disabled={!type}>
            {t("r.send")}
          </Button>
        </div>
        <p role="status">
          {sent ? t("r.sent", { id: sent.request_id, date: w.moment(sent.deadline) }) : null}
        </p>
      </form>
    </Panel>
  );
}
