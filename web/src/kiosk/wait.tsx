import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "../api/client";
import { say, useAct } from "../enrol/act";
import { Capture } from "../enrol/capture";
import { ReceiptCard } from "../enrol/receipt";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Consent, type ReceiptCode, shortName } from "../enrol/types";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Icon } from "../ui/icons";
import { Loading } from "../ui/parts";
import type { StepProps } from "./desk";
import { who } from "./flow";
import { kiosk } from "./texts";

/** What the server has recorded, as it confirmed it. */
export function Given({ consents }: { consents: readonly Consent[] }) {
  const t = useTexts(enrol);
  const w = useWords();
  return (
    <ul className="k-given">
      {consents.map((c) => (
        <li key={c.id}>
          <Icon name="check" size={22} />
          <strong>{t.code("purpose", c.purpose)}</strong>
          <span>{w.time(c.changed_at)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Waits for the officer, who makes sure that nobody enrols in another's name. */
export function ProofStep({ flow, go, onOver }: StepProps) {
  const t = useTexts(kiosk);
  const w = useWords();
  const act = useAct();
  const { session } = flow;
  const [error, setError] = useState<unknown>();
  const id = session?.id;
  const check = useCallback(async () => {
    if (!id) return;
    try {
      const { data } = await client.GET("/v1/enrolments/{id}", { params: { path: { id } } });
      setError(undefined);
      if (data) go({ kind: "proved", session: data });
    } catch (err) {
      setError(err);
    }
  }, [id, go]);
  useEffect(() => {
    const timer = setInterval(() => void check(), 6000);
    return () => clearInterval(timer);
  }, [check]);
  if (!session) return null;
  const stop = () =>
    act.run(async () => {
      await say(`/v1/enrollees/${session.enrollee}/withdraw`, undefined);
      onOver(t("taken.back"));
    });
  return (
    <>
      <h1>{t("proof.title")}</h1>
      <p className="k-lead">{t("proof.text")}</p>
      <p className="k-number" translate="no">
        {shortName(session.id)}
      </p>
      <h2>{t("proof.given")}</h2>
      <Given consents={flow.given} />
      <p>{t("proof.until", { time: w.time(session.expires_at) })}</p>
      <Refused error={act.error ?? error} onRetry={act.error ? act.again : () => void check()} />
      <div className="answers">
        <Button onPress={() => void check()}>{t("proof.check")}</Button>
        <Button onPress={() => void stop()} pending={act.busy}>
          {t("proof.stop")}
        </Button>
      </div>
    </>
  );
}

export function CaptureStep({ flow, go, onOver }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const { session } = flow;
  if (!session) return null;
  const stop = () =>
    act.run(async () => {
      await say(`/v1/enrollees/${session.enrollee}/withdraw`, undefined);
      onOver(t("taken.back"));
    });
  return (
    <>
      <h1>{t("capture.title")}</h1>
      <Capture session={session.id} onTaken={() => go({ kind: "enrolled" })} />
      <Refused error={act.error} onRetry={act.again} />
      <div className="answers">
        <Button onPress={() => void stop()} pending={act.busy}>
          {t("proof.stop")}
        </Button>
      </div>
    </>
  );
}

/** The receipt. A code is made once; if that fails, the enrolment stands all the same. */
export function ReceiptStep({ flow, go, house, onOver }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const { run } = act;
  const enrollee = who(flow);
  const asked = useRef(false);
  const { code } = flow;
  useEffect(() => {
    if (code || !enrollee || asked.current) return;
    asked.current = true;
    void run(async () => {
      go({ kind: "receipt", code: await say<ReceiptCode>(`/v1/enrollees/${enrollee}/code`, undefined) });
    });
  }, [code, enrollee, run, go]);
  const fresh = flow.mine.length === 0;
  return (
    <>
      {fresh ? (
        <div className="no-print">
          <h1>{t("done.title")}</h1>
          <p className="k-lead">{t("done.text")}</p>
        </div>
      ) : null}
      {act.error ? (
        <>
          <p>{t("receipt.fail")}</p>
          <Refused error={act.error} onRetry={act.again} />
        </>
      ) : null}
      {code ? (
        <ReceiptCard code={code} consents={fresh ? flow.given : flow.mine} house={house} />
      ) : act.error ? null : (
        <Loading rows={5} />
      )}
      <div className="answers no-print">
        <Button onPress={() => onOver(t("wiped"))}>{t("done")}</Button>
      </div>
    </>
  );
}
