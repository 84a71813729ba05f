import { useState } from "react";
import { Keys, say, useAct } from "../enrol/act";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { basis, type Consent, type Session, spoken } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import type { StepProps } from "./desk";
import { kiosk } from "./texts";

/**
 * One question after the other. A yes is sent under a key of its own, so that
 * trying again after a lost answer records it once; only what the server has
 * confirmed goes on.
 */
export function Ask({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const [keys] = useState(() => new Keys());
  const purpose = spoken[flow.asking] ?? "match";
  const { place, offer } = flow;
  if (!place || !offer) return null;

  const yes = () =>
    act.run(async () => {
      let session = flow.session;
      if (!session) {
        session = await say<Session>(
          "/v1/enrolments",
          { channel: "kiosk", scenes: [place.scene], zones: flow.zones, under_14: false },
          keys.of("session"),
        );
        go({ kind: "started", session });
      }
      const consent = await say<Consent>(
        "/v1/consents",
        {
          enrollee: session.enrollee,
          purposes: [purpose],
          scenes: [place.scene],
          zones: flow.zones,
          ...(flow.guardian ? { guardian: flow.guardian } : {}),
          act: {
            channel: "kiosk",
            widget: "button",
            language: t.lang,
            notice_hash: offer.notice.hash,
            basis,
          },
        },
        keys.of(`give ${purpose} ${t.lang}`),
      );
      go({ kind: "gave", consent });
    });
  const no = () =>
    act.run(async () => {
      await say(`/v1/prompts/${offer.prompt}/decline`, { purposes: [purpose] });
      go({ kind: "declined", purpose });
    });
  return (
    <>
      <p className="k-step">{t("ask.step", { n: flow.asking + 1, of: spoken.length })}</p>
      {flow.guardian ? <p className="k-lead">{t("child.acts")}</p> : null}
      <Question
        key={purpose}
        purpose={purpose}
        zones={flow.zones}
        level={1}
        busy={act.busy}
        onYes={() => void yes()}
        onNo={() => void no()}
      />
      <Refused error={act.error} onRetry={act.again} />
      {flow.asking === spoken.length - 1 ? <small>{t("ask.written")}</small> : null}
    </>
  );
}

/** Where the law asks for a signature, the desk has the sheet. */
export function Release() {
  const t = useTexts(kiosk);
  return (
    <>
      <h1>{t("ask.releaseTitle")}</h1>
      <p className="k-lead">{t("ask.release")}</p>
    </>
  );
}
