import { useState } from "react";
import { api, client } from "../api/client";
import { say, useAct } from "../enrol/act";
import { NoticeView } from "../enrol/notice";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { basis, type Consent, open, type Purpose } from "../enrol/types";
import { type Verdict, verifyReceipt } from "../enrol/verify";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Chip, Facts } from "../kit/page";
import { Moment } from "../kit/time";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { saveFile } from "./save";
import { me } from "./texts";

/** What somebody agreed to: one card each, one press to take it back. */
export function ConsentsPage({ id }: { id: string }) {
  const t = useTexts(me);
  const person = api.useQuery("get", "/v1/enrollees/{id}", { params: { path: { id } } }, { staleTime: 0 });
  const act = useAct();
  const w = useWords();
  const [said, setSaid] = useState("");
  const withdraw = (c: Consent) =>
    act.run(async () => {
      const now = await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      setSaid(t("c.withdrawn", { time: w.time(now.changed_at) }));
      await person.refetch();
    });
  const all = () =>
    act.run(async () => {
      await say(`/v1/enrollees/${id}/withdraw`, undefined);
      setSaid(t("c.allDone"));
      await person.refetch();
    });
  return (
    <Loaded query={person} rows={5}>
      {(p) => {
        const own = p.consents ?? [];
        const standing = own.filter(open);
        const past = own.filter((c) => !open(c));
        return (
          <>
            <p className="me-said" role="status">
              {said}
            </p>
            {p.restricted ? <Note text={t("home.restricted")} /> : null}
            {p.objected ? <Note text={t("home.objected")} /> : null}
            {p.status !== "active" ? <Note text={t("home.ended")} /> : null}
            {p.under_14 === "yes" ? <Note text={t("home.child")} /> : null}
            <Refused error={act.error} onRetry={act.again} />
            {standing.length === 0 ? (
              <Empty icon="check" title={t("c.none")}>
                {t("c.noneText")}
              </Empty>
            ) : null}
            {standing.length > 0 ? <h2 className="hidden">{t("nav.consents")}</h2> : null}
            <ul className="me-cards">
              {standing.map((c) => (
                <Card
                  key={c.id}
                  consent={c}
                  busy={act.busy}
                  onWithdraw={() => void withdraw(c)}
                  onAnswered={() => void person.refetch()}
                />
              ))}
            </ul>
            {standing.length > 0 ? (
              <div className="actions">
                <Button onPress={() => void all()} disabled={act.busy}>
                  {t("c.all")}
                </Button>
              </div>
            ) : null}
            {past.length > 0 ? (
              <section className="me-past">
                <h2>{t("c.past")}</h2>
                <ul className="me-cards">
                  {past.map((c) => (
                    <Card key={c.id} consent={c} busy={act.busy} />
                  ))}
                </ul>
              </section>
            ) : null}
          </>
        );
      }}
    </Loaded>
  );
}

function Note({ text }: { text: string }) {
  return (
    <div className="note info">
      <Icon name="info" />
      <div>{text}</div>
    </div>
  );
}

function Card(props: { consent: Consent; busy: boolean; onWithdraw?: () => void; onAnswered?: () => void }) {
  const t = useTexts(me);
  const e = useTexts(enrol);
  const { consent: c } = props;
  const [answering, setAnswering] = useState(false);
  return (
    <li className="me-card">
      <div className="me-card-head">
        <h3>{e.code("purpose", c.purpose)}</h3>
        <Chip tone={c.state === "active" ? "good" : open(c) ? "warn" : "muted"}>
          {e.code("state", c.state)}
        </Chip>
      </div>
      {open(c) ? <p>{e(`what.${c.purpose as Purpose}`)}</p> : null}
      {c.state === "pending" ? <p>{t("c.pending")}</p> : null}
      <Facts
        rows={[
          [t("c.where"), (c.zones ?? []).map((zone) => e("zone.name", { zone })).join(", ")],
          [t("c.since"), <Moment key="s" at={c.changed_at} />],
          [t("c.until"), open(c) ? <Moment key="u" at={c.expires_at} /> : ""],
          [t("c.how"), e.code("channel", c.act.channel)],
          [t("c.notice"), c.notice_version],
        ]}
      />
      <div className="actions">
        {props.onWithdraw ? (
          <Button onPress={props.onWithdraw} disabled={props.busy}>
            {t("c.withdraw")}
          </Button>
        ) : null}
        {c.state === "reconfirm" && !c.guardian ? (
          <Button onPress={() => setAnswering(true)} disabled={props.busy}>
            {t("c.answer")}
          </Button>
        ) : null}
      </div>
      <Receipt consent={c} />
      <Dialog title={t("answer.title")} open={answering} onClose={() => setAnswering(false)} wide>
        <Answer
          consent={c}
          onDone={() => {
            setAnswering(false);
            props.onAnswered?.();
          }}
        />
      </Dialog>
    </li>
  );
}

/** The signed receipt: to keep, and to check against the published keys. */
function Receipt({ consent }: { consent: Consent }) {
  const t = useTexts(me);
  const act = useAct();
  const [verdict, setVerdict] = useState<Verdict>();
  const read = async () => {
    const { data } = await client.GET("/v1/consents/{id}/receipt", { params: { path: { id: consent.id } } });
    return data;
  };
  const download = () =>
    act.run(async () => {
      const got = await read();
      if (got) saveFile(`receipt-${consent.id}.jws`, new Blob([got.jws], { type: "application/jose" }));
    });
  const check = () =>
    act.run(async () => {
      const got = await read();
      const { data } = await client.GET("/.well-known/bystander-consent-keys.json");
      setVerdict(await verifyReceipt(got?.jws ?? "", data?.keys ?? []));
    });
  return (
    <details className="me-receipt">
      <summary>{t("c.receipt")}</summary>
      <div className="actions">
        <Button small onPress={() => void download()} disabled={act.busy}>
          {t("c.download")}
        </Button>
        <Button small onPress={() => void check()} disabled={act.busy}>
          {act.busy ? t("c.checking") : t("c.check")}
        </Button>
      </div>
      <p role="status">
        {verdict ? (
          <Chip tone={verdict === "genuine" ? "good" : verdict === "unsupported" ? "warn" : "bad"}>
            {t(`verdict.${verdict}`)}
          </Chip>
        ) : null}
      </p>
      <Refused error={act.error} onRetry={act.again} />
    </details>
  );
}

function Answer({ consent: c, onDone }: { consent: Consent; onDone: () => void }) {
  const t = useTexts(enrol);
  const act = useAct();
  const scene = c.scenes?.[0] ?? "";
  const notice = api.useQuery("get", "/v1/notices/current", { params: { query: { scene } } });
  const yes = (hash: string) =>
    act.run(async () => {
      await say<Consent>(`/v1/consents/${c.id}/renew`, {
        act: { channel: "web", widget: "checkbox", language: t.lang, notice_hash: hash, basis },
      });
      onDone();
    });
  const no = () =>
    act.run(async () => {
      await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      onDone();
    });
  return (
    <Loaded query={notice} rows={6}>
      {(current) => (
        <div className="me-answer">
          <NoticeView current={current} />
          <Question
            purpose={c.purpose as Purpose}
            zones={c.zones ?? []}
            busy={act.busy}
            onYes={() => void yes(current.hash)}
            onNo={() => void no()}
            tick
          />
          <Refused error={act.error} onRetry={act.again} />
        </div>
      )}
    </Loaded>
  );
}
