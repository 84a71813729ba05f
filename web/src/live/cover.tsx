import type { Camera } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { useNow } from "../ui/parts";
import { wallTexts } from "./texts";
import type { Picture } from "./view";
import type { ViewState } from "./whep";

/** What lies over the picture when there is none, or none that can be seen. */
export function Cover({ camera, picture, view }: { camera: Camera; picture: Picture; view: ViewState }) {
  const w = useWords();
  const now = useNow();
  switch (picture) {
    case "live":
    case "frozen":
      return null;
    case "full":
      return (
        <div className="cover band">
          <Icon name="mask" size={20} />
          <p>
            <strong>
              {w.t("tile.fullText", {
                reason: w.code("mask", camera.mask.code),
                time: w.time(camera.mask.since),
              })}
            </strong>{" "}
            {w.t("tile.fullAssure")}
          </p>
        </div>
      );
    case "opening":
    case "starting":
      return (
        <div className="cover">
          <span className="spinner" />
          <p>{w.t("tile.viewWait")}</p>
        </div>
      );
    case "broken":
      return (
        <div className="cover">
          <span className="spinner" />
          <p>{w.t("tile.viewLost")}</p>
        </div>
      );
    case "busy":
      return (
        <div className="cover">
          <Icon name="clock" size={24} />
          <p>{w.t("tile.viewBusy", { s: secondsTo(view.kind === "waiting" ? view.until : now, now) })}</p>
        </div>
      );
    case "paused":
      return (
        <div className="cover">
          <Icon name="cameraOff" size={24} />
          <p>{w.t("tile.paused", { time: w.time(camera.since) })}</p>
        </div>
      );
    case "ended":
      return (
        <div className="cover">
          <Icon name="film" size={24} />
          <p>{w.t("tile.ended")}</p>
        </div>
      );
    case "unpublished":
      return (
        <div className="cover">
          <Icon name="camera" size={24} />
          <p>{w.t("tile.whipWait")}</p>
          <a className="button small" href={`/publish?camera=${encodeURIComponent(camera.id)}`}>
            {w.t("tile.whipLink")}
          </a>
        </div>
      );
    case "lost":
      return <Lost camera={camera} now={now} />;
  }
}

/** Tells that the picture is old. */
export function Frozen({ since }: { since: number }) {
  const w = useWords();
  const t = useTexts(wallTexts);
  return (
    <div className="cover band">
      <Icon name="warn" size={20} />
      <p>
        <strong>{t("frozen.text", { time: w.time(new Date(since).toISOString()) })}</strong>
      </p>
    </div>
  );
}

function Lost({ camera, now }: { camera: Camera; now: number }) {
  const w = useWords();
  const wait = camera.next_try ? secondsTo(Date.parse(camera.next_try), now) : 0;
  return (
    <div className="cover lost-cover">
      <Icon name="cameraOff" size={26} />
      <p className="lost-why">{w.code("err", camera.err_code, camera.err ?? "")}</p>
      <p className="num">
        {w.t("tile.lostSince", { time: w.time(camera.since), ago: w.ago(camera.since, now) })}
        {camera.state === "retrying" ? (
          <>
            {" · "}
            {wait > 0 ? w.t("tile.nextTry", { s: wait }) : w.t("tile.tryingNow")}
          </>
        ) : null}
      </p>
    </div>
  );
}

/** Whole seconds from now to a time, never negative. */
function secondsTo(time: number, now: number): number {
  return Math.max(0, Math.ceil((time - now) / 1000));
}
