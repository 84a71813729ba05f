import { useReducer, useRef, useState } from "react";
import { api } from "../api/client";
import type { House } from "../enrol/types";
import { shortName } from "../enrol/types";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { usePrefsHere } from "../ui/prefs";
import { Ask, Release } from "./ask";
import {
  AgeStep,
  ChildStep,
  GuardianStep,
  NoStep,
  NoticeStep,
  PlaceStep,
  Welcome,
  ZonesStep,
} from "./before";
import { begin, held, type Move, next } from "./flow";
import { limits, useIdle } from "./idle";
import { AnswerStep, CodeStep, MineStep } from "./mine";
import { kiosk } from "./texts";
import { CaptureStep, ProofStep, ReceiptStep } from "./wait";
import "../enrol/enrol.css";
import "./kiosk.css";

/** The consent kiosk: whoever comes next finds nothing of who was there before. */
export default function Desk() {
  const t = useTexts(kiosk);
  const house = api.useQuery("get", "/v1/consents/house", {}, { staleTime: 60_000 });
  const [visit, setVisit] = useState(0);
  const say = useToast();
  const prefs = usePrefsHere();
  const home = useRef(prefs.lang);
  const over = (words: string) => {
    setVisit((n) => n + 1); // what was on the screen goes with the old visit
    if (prefs.lang !== home.current) prefs.nextLang();
    scrollTo(0, 0);
    say(words);
  };
  return (
    <div className="kiosk">
      <Loaded
        query={house}
        rows={6}
        isEmpty={(h) => (h.places ?? []).length === 0}
        empty={
          <Empty icon="gate" title={t("closed.title")}>
            {t("closed.text")}
          </Empty>
        }
      >
        {(h) => <Visit key={visit} house={h} onOver={over} />}
      </Loaded>
    </div>
  );
}

/** One person's visit. */
function Visit({ house, onOver }: { house: House; onOver: (words: string) => void }) {
  const t = useTexts(kiosk);
  const w = useWords();
  const [flow, go] = useReducer(next, undefined, () => begin(crypto.randomUUID()));
  const waits = flow.step === "proof" || flow.step === "guardian";
  const { rest, stay } = useIdle(flow.step !== "welcome", waits ? limits.waiting : limits.after, () =>
    onOver(t("wiped")),
  );
  const kept = held(flow);
  return (
    <>
      <Top house={house} />
      <div className="k-page" data-step={flow.step}>
        <StepView flow={flow} go={go} house={house} onOver={onOver} />
      </div>
      <footer className="k-foot">
        {flow.step === "welcome" ? (
          <a className="k-link" href={`/privacy?from=kiosk&lang=${w.lang}`}>
            <Icon name="info" size={20} /> {t("privacy")}
          </a>
        ) : (
          <Button onPress={() => onOver(t("wiped"))}>{t("over")}</Button>
        )}
      </footer>
      <Dialog title={t("idle.title")} open={rest !== undefined} onClose={stay} keep>
        <p className="k-idle" role="status">
          {t("idle.text", { n: rest ?? 0 })}
        </p>
        {kept ? <p>{t("idle.kept", { time: w.time(kept.expires_at), name: shortName(kept.id) })}</p> : null}
        <div className="answers">
          <Button onPress={stay}>{t("idle.stay")}</Button>
          <Button onPress={() => onOver(t("wiped"))}>{t("idle.over")}</Button>
        </div>
      </Dialog>
    </>
  );
}

export interface StepProps {
  flow: ReturnType<typeof begin>;
  go: (m: Move) => void;
  house: House;
  onOver: (words: string) => void;
}

function StepView(props: StepProps) {
  switch (props.flow.step) {
    case "welcome":
      return <Welcome {...props} />;
    case "place":
      return <PlaceStep {...props} />;
    case "zones":
      return <ZonesStep {...props} />;
    case "age":
      return <AgeStep {...props} />;
    case "child":
      return <ChildStep {...props} />;
    case "guardian":
      return <GuardianStep {...props} />;
    case "notice":
      return <NoticeStep {...props} />;
    case "ask":
      return <Ask {...props} />;
    case "release":
      return <Release />;
    case "no":
      return <NoStep {...props} />;
    case "proof":
      return <ProofStep {...props} />;
    case "capture":
      return <CaptureStep {...props} />;
    case "receipt":
      return <ReceiptStep {...props} />;
    case "code":
      return <CodeStep {...props} />;
    case "mine":
      return <MineStep {...props} />;
    case "answer":
      return <AnswerStep {...props} />;
  }
}

/** Who answers here, and both languages, at every step. */
function Top({ house }: { house: House }) {
  const t = useTexts(kiosk);
  const prefs = usePrefsHere();
  return (
    <header className="k-top">
      <img src="/mark.svg" alt="" width="44" height="44" />
      <div>
        <p className="k-name">{house.controller || t("title")}</p>
        <p className="k-line">{t("tagline")}</p>
      </div>
      <fieldset className="k-langs">
        <legend className="hidden">{t("lang.pick")}</legend>
        {(["en", "zh-CN"] as const).map((l) => (
          <button
            key={l}
            type="button"
            lang={l}
            aria-pressed={prefs.lang === l}
            onClick={() => {
              if (prefs.lang !== l) prefs.nextLang();
            }}
          >
            {l === "en" ? "English" : "中文"}
          </button>
        ))}
      </fieldset>
    </header>
  );
}
