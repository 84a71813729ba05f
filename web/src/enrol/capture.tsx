import { type RefObject, useEffect, useRef, useState } from "react";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { asRequestError } from "../kit/failure";
import { Icon } from "../ui/icons";
import { handIn } from "./act";
import { Camera, CameraError, type CameraTrouble, jpeg, wipe } from "./camera";
import type { Hint } from "./guidance";
import { inWords, Refused } from "./refused";
import { enrol } from "./texts";
import type { Taken } from "./types";

type Stage = "off" | "asking" | "live" | "taken" | "sending";

/**
 * Takes the photograph of an enrolment. The camera is asked for when the person
 * presses the button, and ends with the picture, with this part, and with the
 * page. Until "use" the picture lies on a canvas here and nowhere else.
 */
export function Capture(props: { session: string; onTaken: (taken: Taken) => void }) {
  const t = useTexts(enrol);
  const video = useRef<HTMLVideoElement>(null);
  const shot = useRef<HTMLCanvasElement>(null);
  const camera = useRef<Camera>(undefined);
  const [stage, setStage] = useState<Stage>("off");
  const [tip, setTip] = useState<Hint>();
  const [trouble, setTrouble] = useState<CameraTrouble>();
  const [error, setError] = useState<unknown>();

  useEndOfPage(camera, shot);

  const open = async () => {
    if (!video.current) return;
    setTrouble(undefined);
    setError(undefined);
    wipe(shot.current);
    camera.current?.stop();
    const c = new Camera();
    camera.current = c;
    setStage("asking");
    try {
      await c.open(video.current, setTip);
      if (camera.current === c) setStage("live");
    } catch (err) {
      c.stop();
      if (camera.current !== c) return;
      setTrouble(err instanceof CameraError ? err.trouble : "other");
      setStage("off");
    }
  };
  const take = () => {
    if (!video.current || !shot.current) return;
    camera.current?.take(video.current, shot.current);
    camera.current?.stop(); // nothing more is needed
    setStage("taken");
  };
  const off = () => {
    camera.current?.stop();
    wipe(shot.current);
    setStage("off");
  };
  const use = async () => {
    if (!shot.current) return;
    setStage("sending");
    setError(undefined);
    try {
      const taken = await handIn(props.session, await jpeg(shot.current));
      wipe(shot.current);
      props.onTaken(taken);
    } catch (err) {
      setError(err);
      const passing = asRequestError(err).status === 0 || asRequestError(err).status >= 500;
      if (!passing) wipe(shot.current); // it was refused: there is no use for it
      setStage(passing ? "taken" : "off");
    }
  };
  const showsVideo = stage === "asking" || stage === "live";
  const showsShot = stage === "taken" || stage === "sending";
  return (
    <div className="capture" data-stage={stage}>
      <div className="capture-view">
        <video ref={video} muted playsInline hidden={!showsVideo} aria-label={t("cam.view")} />
        <canvas ref={shot} hidden={!showsShot} role="img" aria-label={t("cam.shot")} />
        {stage === "live" ? <Frame good={!tip} /> : null}
        {stage === "off" ? <Rules /> : null}
      </div>
      <p className={`capture-line${stage === "live" && tip ? " tip" : ""}`} role="status">
        {line(t, stage, tip)}
      </p>
      {trouble ? (
        <div className="note bad" role="alert">
          <Icon name="warn" />
          <div>{t(`trouble.${trouble}`)}</div>
        </div>
      ) : null}
      <RefusedShot error={error} />
      <div className="answers">
        {stage === "off" ? (
          <Button onPress={() => void open()}>{error ? t("cam.again") : t("cam.on")}</Button>
        ) : null}
        {stage === "asking" || stage === "live" ? (
          <>
            <Button tone="primary" onPress={take} disabled={stage !== "live"}>
              {t("cam.take")}
            </Button>
            <Button onPress={off}>{t("cam.off")}</Button>
          </>
        ) : null}
        {showsShot ? (
          <>
            <Button tone="primary" onPress={() => void use()} pending={stage === "sending"}>
              {t("cam.use")}
            </Button>
            <Button onPress={() => void open()} disabled={stage === "sending"}>
              {t("cam.again")}
            </Button>
          </>
        ) : null}
      </div>
      <small className="capture-note">{t("cam.discarded")}</small>
    </div>
  );
}

/** Ends the camera and wipes the picture with the part, and with the page. */
function useEndOfPage(
  camera: RefObject<Camera | undefined>,
  shot: RefObject<HTMLCanvasElement | null>,
): void {
  useEffect(() => {
    const canvas = shot.current;
    const end = () => {
      camera.current?.stop();
      camera.current = undefined;
      wipe(canvas);
    };
    addEventListener("pagehide", end);
    return () => {
      removeEventListener("pagehide", end);
      end();
    };
  }, [camera, shot]);
}

function line(t: ReturnType<typeof useTexts<keyof (typeof enrol)["en"]>>, stage: Stage, tip?: Hint): string {
  switch (stage) {
    case "off":
      return t("cam.why");
    case "asking":
      return t("cam.asking");
    case "live":
      return tip ? t(`hint.${tip}`) : t("cam.good");
    case "taken":
      return t("cam.local");
    case "sending":
      return t("cam.sending");
  }
}

/** Where the face belongs. */
function Frame({ good }: { good: boolean }) {
  return (
    <svg
      className={`capture-frame${good ? " good" : ""}`}
      viewBox="0 0 160 90"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      <path
        className="veil"
        fillRule="evenodd"
        d="M0 0h160v90H0zM80 9c15 0 25 14 25 34S94 82 80 82 55 63 55 43 65 9 80 9z"
      />
      <path className="line" d="M80 9c15 0 25 14 25 34S94 82 80 82 55 63 55 43 65 9 80 9z" />
    </svg>
  );
}

function Rules() {
  const t = useTexts(enrol);
  return (
    <ul className="capture-rules">
      {(["face", "alone", "light", "still"] as const).map((r) => (
        <li key={r}>
          <Icon name="check" /> {t(`cam.rule.${r}`)}
        </li>
      ))}
    </ul>
  );
}

/** What was wrong with a picture, each fault with what to do. */
function RefusedShot({ error }: { error: unknown }) {
  const t = useTexts(enrol);
  if (!error) return null;
  const err = asRequestError(error);
  const words = err.reasons.map((r) => inWords(t, r));
  if (err.status !== 422 || words.length === 0) return <Refused error={error} />;
  return (
    <div className="note warn shot-refused" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{t("shot.refused")}</strong>
        <ul className="reasons">
          {err.reasons.map((r, i) => (
            <li key={r.code} data-code={r.code}>
              {words[i] ?? r.text}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
