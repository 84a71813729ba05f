import { useEffect, useState } from "react";
import { client } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { NoticeView, Ways } from "../enrol/notice";
import { Answers } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Offer, type Session, shortName, spoken } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { CheckField, TextField } from "../kit/fields";
import { Icon, type IconName } from "../ui/icons";
import { Loading } from "../ui/parts";
import type { StepProps } from "./desk";
import { kiosk } from "./texts";

/** The three ways. The first two look alike: neither is the better one. */
export function Welcome({ go, house }: StepProps) {
  const t = useTexts(kiosk);
  const places = house.places ?? [];
  return (
    <>
      <h1>{t("welcome.title")}</h1>
      <p className="k-lead">{t("welcome.text")}</p>
      <div className="k-ways">
        <Way icon="person" name="join" onPress={() => go({ kind: "join", joins: true, places })} />
        <Way icon="gate" name="pass" onPress={() => go({ kind: "join", joins: false, places })} />
        <Way icon="note" name="mine" onPress={() => go({ kind: "code" })} />
      </div>
    </>
  );
}

function Way(props: { icon: IconName; name: "join" | "pass" | "mine"; onPress: () => void }) {
  const t = useTexts(kiosk);
  return (
    <button type="button" className="k-way" onClick={props.onPress}>
      <Icon name={props.icon} size={40} />
      <span>
        <strong>{t(`welcome.${props.name}`)}</strong>
        <span>{t(`welcome.${props.name}Text`)}</span>
      </span>
    </button>
  );
}

export function PlaceStep({ go, house }: StepProps) {
  const t = useTexts(kiosk);
  const e = useTexts(enrol);
  return (
    <>
      <h1>{t("place.title")}</h1>
      <div className="k-ways">
        {(house.places ?? []).map((p) => (
          <button
            key={p.scene}
            type="button"
            className="k-way"
            disabled={!p.notice}
            onClick={() => go({ kind: "place", place: p })}
          >
            <Icon name="gate" size={32} />
            <span>
              <strong>{e.code("scene", p.purpose)}</strong>
              <span>{p.notice ? p.scene : t("place.closed")}</span>
            </span>
          </button>
        ))}
      </div>
    </>
  );
}

export function ZonesStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const e = useTexts(enrol);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  return (
    <>
      <h1>{t("zones.title")}</h1>
      <p className="k-lead">{t("zones.text")}</p>
      <div className="k-checks">
        {(flow.place?.zones ?? []).map(({ zone }) => (
          <CheckField
            key={zone}
            label={e("zone.name", { zone })}
            value={chosen.includes(zone)}
            onChange={(on) => setChosen(on ? [...chosen, zone] : chosen.filter((z) => z !== zone))}
          />
        ))}
      </div>
      <Answers
        busy={false}
        disabled={chosen.length === 0}
        yes={t("next")}
        no={t("zones.none")}
        onYes={() => go({ kind: "zones", zones: chosen })}
        onNo={() => go({ kind: "zones", zones: [] })}
      />
    </>
  );
}

export function AgeStep({ go }: StepProps) {
  const t = useTexts(kiosk);
  return (
    <>
      <h1>{t("age.title")}</h1>
      <p className="k-lead">{t("age.text")}</p>
      <Answers
        busy={false}
        yes={t("age.yes")}
        no={t("age.no")}
        onYes={() => go({ kind: "age", under14: false })}
        onNo={() => go({ kind: "age", under14: true })}
      />
    </>
  );
}

/** For a child: where the guardian acts, or that nobody so young is recognised here. */
export function ChildStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const [turns, setTurns] = useState("");
  const [keys] = useState(() => new Keys());
  const act = useAct();
  const place = flow.place;
  if (!place?.children || !place.guardian)
    return (
      <>
        <h1>{t("no.title")}</h1>
        <p className="k-lead">{t("child.closed")}</p>
        <Ways zones={place?.zones} />
      </>
    );
  const start = () =>
    act.run(async () => {
      const body = {
        channel: "kiosk",
        scenes: [place.scene],
        zones: flow.zones,
        under_14: true,
        turns_14: `${turns}T00:00:00Z`,
      };
      const session = await say<Session>("/v1/enrolments", body, keys.of(`session ${turns}`));
      go({ kind: "child", turns14: turns, session });
    });
  return (
    <>
      <h1>{t("child.title")}</h1>
      <p className="k-lead">{t("child.text")}</p>
      <dl className="k-facts">
        <dt>{t("child.desk")}</dt>
        <dd>{place.guardian.desk}</dd>
        <dt>{t("child.procedure")}</dt>
        <dd>{place.guardian.procedure}</dd>
      </dl>
      <TextField
        type="date"
        label={t("child.turns")}
        hint={t("child.turnsHint")}
        value={turns}
        onChange={setTurns}
      />
      <Refused error={act.error} onRetry={act.again} />
      <Button onPress={() => void start()} pending={act.busy} disabled={!turns}>
        {t("next")}
      </Button>
    </>
  );
}

/** Waits until an officer has verified the guardian. */
export function GuardianStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const session = flow.session;
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (!session) return;
    const ask = async () => {
      try {
        const { data } = await client.GET("/v1/enrollees/{id}", {
          params: { path: { id: session.enrollee } },
        });
        setError(undefined);
        if (data?.guardian) go({ kind: "guardian", guardian: data.guardian });
      } catch (err) {
        setError(err);
      }
    };
    const timer = setInterval(() => void ask(), 6000);
    return () => clearInterval(timer);
  }, [session, go]);
  if (!session) return null;
  return (
    <>
      <h1>{t("child.wait")}</h1>
      <p className="k-lead">{t("child.waitText")}</p>
      <p className="k-number" translate="no">
        {shortName(session.id)}
      </p>
      <Refused error={error} />
    </>
  );
}

/** The notice comes first; the camera, and any record of the person, later. */
export function NoticeStep({ flow, go }: StepProps) {
  const t = useTexts(kiosk);
  const act = useAct();
  const { run } = act;
  const { place, party, session, offer } = flow;
  useEffect(() => {
    if (offer || !place) return;
    void run(async () => {
      const got = await say<Offer>("/v1/prompts", {
        party: session?.enrollee ?? party,
        scene: place.scene,
        purposes: spoken,
        channel: "kiosk",
      });
      go({ kind: "offer", offer: got });
    });
  }, [offer, place, party, session, run, go]);
  return (
    <>
      <p className="k-lead">{t("notice.lead")}</p>
      {flow.guardian ? <p className="k-lead">{t("child.acts")}</p> : null}
      <Refused error={act.error} onRetry={act.again} />
      {offer ? (
        <>
          <NoticeView current={offer.notice} level={1} />
          <Answers
            busy={false}
            yes={t("notice.read")}
            no={t("notice.not")}
            onYes={() => go({ kind: "read" })}
            onNo={() => go({ kind: "declined", purpose: "match" })}
          />
        </>
      ) : act.error ? null : (
        <Loading rows={8} />
      )}
    </>
  );
}

/** Whoever says no learns the way through, and nothing is held against them. */
export function NoStep({ flow, onOver }: StepProps) {
  const t = useTexts(kiosk);
  return (
    <>
      <h1>{t("no.title")}</h1>
      <p className="k-lead">{t("no.text")}</p>
      <Ways zones={flow.offer?.alternative.zones ?? flow.place?.zones} />
      <p>{t("no.later")}</p>
      <div className="answers">
        <Button onPress={() => onOver(t("wiped"))}>{t("done")}</Button>
      </div>
    </>
  );
}
