import { useEffect, useState } from "react";
import { client } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { NoticeView } from "../enrol/notice";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import {
  basis,
  type Consent,
  type Current,
  codeIn,
  grouped,
  letters,
  open,
  type Purpose,
  type ReceiptCode,
  type Session,
} from "../enrol/types";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { TextField } from "../kit/fields";
import { Chip } from "../kit/page";
import { Icon } from "../ui/icons";
import { Loading } from "../ui/parts";
import type { StepProps } from "./desk";
import { who } from "./flow";
import { kiosk } from "./texts";

/** Takes the code of a receipt: typed, touched, pasted, or from a scanner. */
export function CodeStep({ go }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const [text, setText] = useState("");
  const look = (code: string) =>
    act.run(async () => {
      const { consents } = await say<{ consents: Consent[] }>("/v1/consents/lookup", { code });
      go({ kind: "mine", mine: consents });
    });
  // A complete code shows what it opens by itself: one press less.
  const put = (value: string) => {
    const code = codeIn(value);
    setText(code ? grouped(code) : value.slice(0, 200));
    act.clear();
    if (code) void look(code);
  };
  const plain = text.replace(/[\s-]/g, "");
  return (
    <>
      <h1>{t("code.title")}</h1>
      <p className="k-lead">{t("code.text")}</p>
      <TextField label={t("code.label")} value={text} onChange={put} mono focus maxLength={200} />
      <div className="k-pad">
        {[...letters].map((l) => (
          <button
            key={l}
            type="button"
            disabled={plain.length >= 16}
            onClick={() => put(grouped(plain.toUpperCase() + l))}
          >
            {l}
          </button>
        ))}
        <button
          type="button"
          className="wide"
          aria-label={t("code.clear")}
          onClick={() => put(grouped(plain.slice(0, -1)))}
        >
          <Icon name="left" size={24} />
        </button>
      </div>
      <Refused error={act.error} onRetry={act.again} />
      <small>{t("code.lost")}</small>
    </>
  );
}

/** What somebody agreed to, each with one press to take it back. */
export function MineStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const w = useWords();
  const act = useAct();
  const [said, setSaid] = useState("");
  const standing = flow.mine.filter(open);
  const child = standing.some((c) => c.guardian);
  const withdraw = (c: Consent) =>
    act.run(async () => {
      const now = await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      go({ kind: "withdrawn", consent: now });
      setSaid(t("mine.done", { time: w.time(now.changed_at) }));
      await reread(now.enrollee);
    });
  const all = () =>
    act.run(async () => {
      const enrollee = who(flow);
      if (!enrollee) return;
      await say(`/v1/enrollees/${enrollee}/withdraw`, undefined);
      await reread(enrollee);
      setSaid(t("mine.allDone"));
    });
  // Taking recognition back ends what rests on it, which the server knows best.
  const reread = async (enrollee: string) => {
    const { data } = await client.GET("/v1/enrollees/{id}", { params: { path: { id: enrollee } } });
    if (data?.consents) go({ kind: "mine", mine: data.consents });
  };
  const receipt = () =>
    act.run(async () => {
      const code = await say<ReceiptCode>(`/v1/enrollees/${who(flow)}/code`, undefined);
      go({ kind: "receipt", code });
    });
  return (
    <>
      <h1>{t("mine.title")}</h1>
      <p className="k-lead">{standing.length > 0 ? t("mine.text") : t("mine.none")}</p>
      <p className="k-said" role="status">
        {said}
      </p>
      {child ? <p>{t("mine.desk")}</p> : null}
      <ul className="k-mine">
        {flow.mine.map((c) => (
          <Row key={c.id} consent={c} busy={act.busy} onBack={() => void withdraw(c)} go={go} />
        ))}
      </ul>
      <Refused error={act.error} onRetry={act.again} />
      <div className="answers">
        {standing.length > 0 ? (
          <Button onPress={() => void all()} disabled={act.busy}>
            {t("mine.all")}
          </Button>
        ) : null}
        {flow.mine.length > 0 ? (
          <Button onPress={() => void receipt()} disabled={act.busy}>
            {t("mine.receipt")}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function Row(props: { consent: Consent; busy: boolean; onBack: () => void; go: StepProps["go"] }) {
  const t = useTexts(kiosk);
  const e = useTexts(enrol);
  const w = useWords();
  const { consent: c } = props;
  const waits = (c.state === "pending" || c.state === "reconfirm") && !c.guardian;
  return (
    <li>
      <div>
        <strong>{e.code("purpose", c.purpose)}</strong>{" "}
        <Chip tone={c.state === "active" ? "good" : open(c) ? "warn" : "muted"}>
          {e.code("state", c.state)}
        </Chip>
        <small>
          {(c.zones ?? []).map((zone) => e("zone.name", { zone })).join(", ")} ·{" "}
          {t("mine.since", { time: w.moment(c.changed_at) })}
        </small>
      </div>
      {open(c) ? (
        <div className="k-row-acts">
          {waits ? (
            <Button onPress={() => props.go({ kind: "answer", consent: c })} disabled={props.busy}>
              {t(c.state === "pending" ? "mine.confirm" : "mine.again")}
            </Button>
          ) : null}
          <Button onPress={props.onBack} disabled={props.busy}>
            {t("mine.withdraw")}
          </Button>
        </div>
      ) : null}
    </li>
  );
}

/** The second act of an online consent, or the new one after a notice changed. */
export function AnswerStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const { run } = act;
  const [current, setCurrent] = useState<Current>();
  const [keys] = useState(() => new Keys());
  const c = flow.answering;
  const scene = c?.scenes?.[0];
  useEffect(() => {
    if (!scene) return;
    void run(async () => {
      const { data } = await client.GET("/v1/notices/current", { params: { query: { scene } } });
      setCurrent(data);
    });
  }, [scene, run]);
  if (!c) return null;
  const yes = () =>
    act.run(async () => {
      if (!current) return;
      const how = c.state === "pending" ? "confirm" : "renew";
      const now = await say<Consent>(`/v1/consents/${c.id}/${how}`, {
        act: { channel: "kiosk", widget: "button", language: t.lang, notice_hash: current.hash, basis },
      });
      // Of an online consent there is no picture yet.
      const session =
        how === "confirm" && c.purpose === "match"
          ? await say<Session>(
              "/v1/enrolments",
              { channel: "kiosk", scenes: c.scenes, zones: c.zones, enrollee: c.enrollee },
              keys.of("session"),
            )
          : undefined;
      go({ kind: "answered", consent: now, ...(session ? { session } : {}) });
    });
  const no = () =>
    act.run(async () => {
      const now = await say<Consent>(`/v1/consents/${c.id}/withdraw`, undefined);
      go({ kind: "answered", consent: now });
    });
  return (
    <>
      <h1 className="hidden">{t("again.title")}</h1>
      {current ? <NoticeView current={current} /> : act.error ? null : <Loading rows={8} />}
      {current ? (
        <Question
          purpose={c.purpose as Purpose}
          zones={c.zones ?? []}
          busy={act.busy}
          onYes={() => void yes()}
          onNo={() => void no()}
        />
      ) : null}
      <Refused error={act.error} onRetry={act.again} />
    </>
  );
}
