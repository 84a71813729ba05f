import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Camera } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import type { Claim } from "./claims";
import { Cover, Frozen } from "./cover";
import { haltTexts } from "./halttexts";
import { wallTexts } from "./texts";
import { easedTo, type Picture, pictureOf, type Size, sizeFor, viewable } from "./view";
import { type ViewFigures, type ViewState, WhepView } from "./whep";

/** One camera's live picture, with what must be known to judge it. */
export function Tile(props: {
  camera: Camera;
  claim?: Claim; // "guests", which always holds, where nobody keeps count
  halted?: boolean;
  active: boolean;
  place?: "" | "held" | "under"; // while a tile is dragged
  onChoose: (id: string) => void;
  onFill: (tile: HTMLElement | undefined) => void;
  onGrip?: (e: PointerEvent, id: string) => void; // without it the tile stays where it is
}) {
  const { camera, claim = "guests", halted = false, active, onChoose, onFill, onGrip } = props;
  const w = useWords();
  const t = useTexts(wallTexts);
  const tile = useRef<HTMLElement>(null);
  const { video, view, figures } = useView(camera, tile);
  const picture = pictureOf(camera, view);
  const eased = useEased(camera, picture);
  const state = useStateText(camera, picture, claim, halted);
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
        state: state + (eased && ` ${eased}`),
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
        <Badges camera={camera} picture={picture} claim={claim} halted={halted} />
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

/** What a tile's state is in a sentence, for those who hear it. */
function useStateText(c: Camera, p: Picture, claim: Claim, halted: boolean): string {
  const w = useWords();
  const t = useTexts(haltTexts);
  const masks = useMaskText(c, claim, halted);
  if (p === "live") return masks;
  const rest =
    p === "full"
      ? w.t("tile.fullText", { reason: w.code("mask", c.mask.code), time: w.time(c.mask.since) })
      : p === "lost"
        ? w.code("err", c.err_code, c.err ?? "")
        : w.t(p === "unpublished" ? "tile.whipWait" : p === "starting" ? "tile.starting" : "tile.lost");
  return halted ? `${t("chip")}. ${rest}` : rest;
}

/** Who is masked in the picture that is shown, as far as that can be said. */
function useMaskText(c: Camera, claim: Claim, halted: boolean): string {
  const w = useWords();
  const t = useTexts(haltTexts);
  if (halted) return t(claim === "everybody" ? "chip.masked" : "chip.soon");
  if (claim === "clear") return w.t("tile.clear", { n: c.mask.clear });
  return w.t(claim === "everybody" ? "tile.masked" : "tile.guests");
}

function Badges(props: { camera: Camera; picture: Picture; claim: Claim; halted: boolean }) {
  const { camera, picture, claim, halted } = props;
  const w = useWords();
  const t = useTexts(haltTexts);
  const masks = useMaskText(camera, claim, halted);
  const stopped = halted ? (
    <span className="chip halted" title={t("chip")}>
      <Icon name="mask" size={12} />
      {t("chip")}
    </span>
  ) : null;
  if (picture === "full")
    return (
      <>
        {stopped}
        <span className="chip warn">
          <Icon name="mask" size={12} />
          <span className="chip-text">{w.t("tile.full")}</span>
        </span>
      </>
    );
  if (picture === "frozen")
    return (
      <>
        {stopped}
        <FrozenChip />
      </>
    );
  if (picture !== "live")
    return (
      <>
        {stopped}
        <span className="chip">{w.t(picture === "starting" ? "tile.starting" : "tile.lost")}</span>
      </>
    );
  const clear = claim === "clear" && !halted;
  return (
    <>
      <span className={`chip masks ${halted ? "halted" : clear ? "clear" : ""}`} title={masks}>
        <Icon name={clear ? "eye" : "mask"} size={12} />
        <span className="chip-text">{masks}</span>
        {halted ? <span className="chip-short">{t("chip")}</span> : null}
      </span>
      <span className="chip live-chip">
        <span className="dot" />
        {w.t("tile.live")}
      </span>
    </>
  );
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
