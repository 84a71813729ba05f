import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Camera } from "../api/client";
import { useWords, type Words } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { useNow } from "../ui/parts";
import { wallTexts } from "./texts";
import { easedTo, type Picture, pictureOf, type Size, sizeFor, viewable } from "./view";
import { type ViewFigures, type ViewState, WhepView } from "./whep";

/** One camera's live picture, with what must be known to judge it. */
export function Tile(props: {
  camera: Camera;
  active: boolean;
  place?: "" | "held" | "under"; // while a tile is dragged
  onChoose: (id: string) => void;
  onFill: (tile: HTMLElement | undefined) => void;
  onGrip?: (e: PointerEvent, id: string) => void; // without it the tile stays where it is
}) {
  const { camera, active, onChoose, onFill, onGrip } = props;
  const w = useWords();
  const t = useTexts(wallTexts);
  const tile = useRef<HTMLElement>(null);
  const { video, view, figures } = useView(camera, tile);
  const picture = pictureOf(camera, view);
  const eased = useEased(camera, picture);
  const shows = view.kind === "playing" && (picture === "live" || picture === "full");
  return (
    <article
      ref={tile}
      className={`tile is-${picture}${active ? " active" : ""}${props.place ? ` ${props.place}` : ""}`}
      data-camera={camera.id}
      // One stop on the way through the wall, which is walked with the arrow keys.
      tabIndex={active ? 0 : -1}
      aria-label={w.t("tile.name", {
        name: camera.name,
        state: stateText(w, camera, picture) + (eased && ` ${eased}`),
      })}
      onFocus={() => onChoose(camera.id)}
      onDoubleClick={() => onFill(tile.current ?? undefined)}
    >
      <video ref={video} muted playsInline autoPlay aria-hidden="true" tabIndex={-1} />
      <div
        className="tile-top"
        onPointerDown={(e) => {
          const onGripButton = (e.target as Element).closest(".tile-grip");
          if (onGripButton || (e.pointerType === "mouse" && !(e.target as Element).closest("button")))
            onGrip?.(e, camera.id);
        }}
      >
        {onGrip ? (
          <button
            type="button"
            className="tile-button tile-grip"
            tabIndex={active ? 0 : -1}
            aria-label={t("move.handle", { name: camera.name })}
            title={t("move.handle", { name: camera.name })}
          >
            <Icon name="grip" size={14} />
          </button>
        ) : null}
        <span className="tile-name">{camera.name}</span>
        {camera.sample ? <span className="chip sample">{w.t("tile.sample")}</span> : null}
        <span className="spring" />
        {eased ? (
          <span className="chip eased" title={eased}>
            <Icon name="lower" size={12} />
            <span className="chip-text">{t("eased.chip")}</span>
          </span>
        ) : null}
        <Badges camera={camera} picture={picture} />
        <button
          type="button"
          className="tile-button"
          tabIndex={active ? 0 : -1}
          onClick={() => onFill(tile.current ?? undefined)}
          aria-label={w.t("tile.fullscreen", { name: camera.name })}
        >
          <Icon name="full" size={14} />
        </button>
      </div>
      <Cover camera={camera} picture={picture} view={view} />
      {picture === "frozen" && view.kind === "frozen" ? <Frozen since={view.since} /> : null}
      {shows ? <Foot camera={camera} figures={figures} eased={eased} /> : null}
    </article>
  );
}

/** What a camera gives up while the machine cannot keep up, and why; "" at full quality. */
function useEased(camera: Camera, picture: Picture): string {
  const t = useTexts(wallTexts);
  const rung = easedTo(camera);
  return rung && (picture === "live" || picture === "full")
    ? t("eased.text", { what: t(`eased.${rung}`) })
    : "";
}

/** Keeps a live view open while the camera can show something, in the size that the tile needs. */
function useView(camera: Camera, tile: RefObject<HTMLElement | null>) {
  const video = useRef<HTMLVideoElement>(null);
  const [view, setView] = useState<ViewState>({ kind: "connecting" });
  const [figures, setFigures] = useState<ViewFigures>();
  const open = viewable(camera);
  useEffect(() => {
    const box = tile.current;
    if (!open || !video.current || !box) return;
    let size: Size = sizeFor(box.clientWidth * devicePixelRatio, "small");
    const v = new WhepView(
      `/whep/${encodeURIComponent(camera.id)}`,
      size,
      video.current,
      setView,
      setFigures,
    );
    const grown = new ResizeObserver(() => {
      size = sizeFor(box.clientWidth * devicePixelRatio, size);
      v.resize(size);
    });
    v.start();
    grown.observe(box);
    return () => {
      grown.disconnect();
      v.stop();
    };
  }, [camera.id, open, tile]);
  return { video, view, figures };
}

function stateText(w: Words, c: Camera, p: Picture): string {
  if (p === "live")
    return c.mask.state === "clear" ? w.t("tile.clear", { n: c.mask.clear }) : w.t("tile.masked");
  if (p === "full")
    return w.t("tile.fullText", { reason: w.code("mask", c.mask.code), time: w.time(c.mask.since) });
  if (p === "lost") return w.code("err", c.err_code, c.err ?? "");
  if (p === "unpublished") return w.t("tile.whipWait");
  return p === "starting" ? w.t("tile.starting") : w.t("tile.lost");
}

function Badges({ camera, picture }: { camera: Camera; picture: Picture }) {
  const w = useWords();
  if (picture === "full") {
    return (
      <span className="chip warn">
        <Icon name="mask" size={12} />
        <span className="chip-text">{w.t("tile.full")}</span>
      </span>
    );
  }
  if (picture === "frozen") return <FrozenChip />;
  if (picture !== "live") {
    return <span className="chip">{w.t(picture === "starting" ? "tile.starting" : "tile.lost")}</span>;
  }
  const clear = camera.mask.state === "clear";
  return (
    <>
      <span className={`chip ${clear ? "clear" : ""}`}>
        <Icon name={clear ? "eye" : "mask"} size={12} />
        <span className="chip-text">
          {clear ? w.t("tile.clear", { n: camera.mask.clear }) : w.t("tile.masked")}
        </span>
      </span>
      <span className="chip live-chip">
        <span className="dot" />
        {w.t("tile.live")}
      </span>
    </>
  );
}

/** What lies over the picture when there is none, or none that can be seen. */
function Cover({ camera, picture, view }: { camera: Camera; picture: Picture; view: ViewState }) {
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

function FrozenChip() {
  const t = useTexts(wallTexts);
  return (
    <span className="chip warn">
      <Icon name="warn" size={12} />
      <span className="chip-text">{t("frozen.chip")}</span>
    </span>
  );
}

function Frozen({ since }: { since: number }) {
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

function Foot(props: { camera: Camera; figures: ViewFigures | undefined; eased: string }) {
  const { camera, figures, eased } = props;
  const w = useWords();
  const server = camera.delay_p50_ms;
  const network = figures?.network ?? 0;
  return (
    <div className="tile-foot num">
      {eased ? <p className="tile-eased">{eased}</p> : null}
      <span
        title={w.t("tile.delayHelp", {
          server: Math.round(server),
          hold: Math.round(camera.hold_ms),
          network: Math.round(network),
        })}
      >
        <Icon name="clock" size={12} /> {w.t("tile.delayValue", { ms: Math.round(server + network) })}
      </span>
      <span>{w.t("tile.fps", { fps: w.decimal(figures?.fps || camera.fps) })}</span>
      <span>
        {w.t("tile.size", {
          w: String(figures?.width || camera.width),
          h: String(figures?.height || camera.height),
        })}
      </span>
    </div>
  );
}

/** Whole seconds from now to a time, never negative. */
export function secondsTo(time: number, now: number): number {
  return Math.max(0, Math.ceil((time - now) / 1000));
}
