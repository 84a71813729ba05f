import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { api, client, type Reason, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { ConfirmButton, Dialog } from "../kit/dialog";
import { Failure } from "../kit/failure";
import { SelectField, TextArea, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { PageHead, Panel } from "../kit/page";
import { useToast } from "../kit/toast";
import { Empty } from "../ui/parts";
import { pseudonym } from "./answer";
import { momentText } from "./cell";
import { nameTexts } from "./nametexts";
import { isEventID } from "./questions";
import { questionTexts } from "./questiontexts";
import { auditTexts } from "./texts";

type NameRequest = Schemas["AuditorNameRequest"];
const list = ["get", "/v1/audit/names"] as const;
const codes = ["incident", "rights", "authority"] as const;

/** Learning a name: one asks, another approves, it is shown once. */
export default function NamesPage() {
  const t = useTexts(nameTexts);
  const requests = api.useQuery(...list, {}, { refetchInterval: 15_000 });
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <div className="columns">
        <AskForm />
        <Panel title={t("list.title")}>
          <Loaded
            query={requests}
            isEmpty={(d) => d.requests.length === 0}
            empty={
              <Empty icon="person" title={t("list.none")}>
                <p>{t("list.none.text")}</p>
                <LinkButton small to="/audit/query">
                  {t("list.none.go")}
                </LinkButton>
              </Empty>
            }
          >
            {(d) => (
              <ul className="audit-kept">
                {d.requests.map((r) => (
                  <RequestItem key={r.id} request={r} />
                ))}
              </ul>
            )}
          </Loaded>
        </Panel>
      </div>
    </>
  );
}

function useReload() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: [...list] });
}

/** Says the server's reasons in the reader's language. */
function useExplain() {
  const t = useTexts(nameTexts);
  return (r: Reason) => {
    const text = t.code("reason", r.code);
    return text === r.code ? undefined : text;
  };
}

function AskForm() {
  const t = useTexts(nameTexts);
  const a = useTexts(auditTexts);
  const q = useTexts(questionTexts);
  const say = useToast();
  const reload = useReload();
  const explain = useExplain();
  const [search] = useSearchParams();
  const [event, setEvent] = useState(search.get("event") ?? "");
  const [code, setCode] = useState<(typeof codes)[number]>("incident");
  const [ref, setRef] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const go = async () => {
    setTried(true);
    if (!isEventID(event) || ref.trim() === "") return;
    setBusy(true);
    setError(undefined);
    try {
      await client.POST("/v1/audit/names", {
        body: { event: event.trim().toLowerCase(), purpose: `${code}:${ref.trim()}` },
      });
      setTried(false);
      setRef("");
      setEvent("");
      say(t("ask.done"));
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t("ask.title")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <TextField
          label={t("ask.event")}
          value={event}
          onChange={setEvent}
          mono
          required
          error={tried && !isEventID(event) ? q("bad.event") : undefined}
        />
        <SelectField
          label={t("ask.purpose")}
          value={code}
          onChange={setCode}
          options={codes.map((c) => ({ value: c, label: a(`purpose.${c}`) }))}
        />
        <TextField
          label={t("ask.ref")}
          value={ref}
          onChange={setRef}
          required
          maxLength={150}
          hint={t("ask.hint")}
          error={tried && ref.trim() === "" ? q("bad.needed") : undefined}
        />
        {error ? <Failure error={error} explain={explain} /> : null}
        <div className="actions">
          <Button submit tone="primary" pending={busy}>
            {t("ask.go")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function RequestItem({ request: r }: { request: NameRequest }) {
  const t = useTexts(nameTexts);
  const a = useTexts(auditTexts);
  const w = useWords();
  const at = (iso: string) => momentText(iso, w.lang);
  const tone = { waiting: "warn", approved: "good", refused: "bad", shown: "", expired: "" }[r.state];
  return (
    <li data-request={r.id} data-state={r.state}>
      <p>
        <span className={`chip ${tone}`}>{t(`state.${r.state}`)}</span>{" "}
        <Link to={`/audit/events/${r.event}`}>
          {t("about", {
            who: a("guest", { who: pseudonym(r.subject_ref) }),
            event: `${r.event.slice(0, 13)}…`,
          })}
        </Link>
      </p>
      <p className="audit-note">
        <code>{r.purpose}</code> · {t("asked", { who: r.asked_by, at: at(r.asked_at) })}
        {r.decided_by && r.decided_at ? (
          <>
            <br />
            {t("decided", { who: r.decided_by, at: at(r.decided_at), reason: r.reason ?? "" })}
          </>
        ) : null}
        {r.shown_at ? (
          <>
            <br />
            {t("shown", { at: at(r.shown_at) })}
          </>
        ) : null}
        {r.state === "waiting" || r.state === "approved" ? (
          <>
            <br />
            {t(`until.${r.state}`, { at: at(r.expires_at) })}
          </>
        ) : null}
      </p>
      {r.may_decide ? <Decide request={r} /> : null}
      {r.mine && r.state === "approved" ? <ShowOnce request={r} /> : null}
    </li>
  );
}

function Decide({ request: r }: { request: NameRequest }) {
  const t = useTexts(nameTexts);
  const reload = useReload();
  const explain = useExplain();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const decide = async (approve: boolean) => {
    setBusy(true);
    setError(undefined);
    try {
      await client.POST("/v1/audit/names/{id}/decision", {
        params: { path: { id: r.id } },
        body: { approve, reason: reason.trim() },
      });
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const ready = reason.trim().length >= 3;
  return (
    <div className="form">
      <p className="audit-note">{t("decide.text", { who: r.asked_by })}</p>
      <TextArea
        label={t("decide.reason")}
        value={reason}
        onChange={setReason}
        rows={2}
        maxLength={500}
        required
      />
      {error ? <Failure error={error} explain={explain} /> : null}
      <div className="actions">
        <Button tone="primary" small pending={busy} disabled={!ready} onPress={() => void decide(true)}>
          {t("approve")}
        </Button>
        <Button tone="danger" small pending={busy} disabled={!ready} onPress={() => void decide(false)}>
          {t("refuse")}
        </Button>
      </div>
    </div>
  );
}

function ShowOnce({ request: r }: { request: NameRequest }) {
  const t = useTexts(nameTexts);
  const reload = useReload();
  const [name, setName] = useState<string>();
  return (
    <div className="actions">
      <ConfirmButton
        small
        label={t("show.go")}
        title={t("show.title")}
        text={t("show.text")}
        run={async () => {
          const { data } = await client.POST("/v1/audit/names/{id}/answer", {
            params: { path: { id: r.id } },
          });
          setName(data?.name);
        }}
      />
      <Dialog
        title={t("name.is")}
        open={name !== undefined}
        keep
        onClose={() => {
          setName(undefined);
          void reload();
        }}
      >
        <p className="audit-name">{name}</p>
        <p className="audit-note">{t("name.once")}</p>
      </Dialog>
    </div>
  );
}
