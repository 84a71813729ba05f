import { useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/i18n";
import type { House } from "../live/house";
import { Tile } from "../live/tile";
import { Icon } from "../ui/icons";
import { Empty, ErrorNote, Loading, useHouse } from "../ui/parts";
import { Publisher, type PublishFigures, type PublishState } from "./whip";

/** Turns this browser into a camera, after saying what that means. */
export function PublishPage({ house }: { house: House }) {
  const w = useWords();
  const state = useHouse(house);
  const cameras = state.cameras?.filter((c) => c.driver === "whip");
  const [wanted, setWanted] = useState(() => new URLSearchParams(location.search).get("camera") ?? "");
  const camera = cameras?.find((c) => c.id === wanted) ?? cameras?.[0];
  const preview = useRef<HTMLVideoElement>(null);
  const publisher = useRef<Publisher>(undefined);
  const [publish, setPublish] = useState<PublishState>({ kind: "idle" });
  const [figures, setFigures] = useState<PublishFigures>();
  useEffect(() => {
    const stop = () => publisher.current?.stop();
    addEventListener("pagehide", stop);
    return () => {
      removeEventListener("pagehide", stop);
      stop();
    };
  }, []);

  const start = () => {
    if (!camera || !preview.current) return;
    publisher.current = new Publisher(
      `/whip/${encodeURIComponent(camera.id)}`,
      preview.current,
      setPublish,
      setFigures,
    );
    void publisher.current.start();
  };
  const busy = publish.kind !== "idle" && publish.kind !== "stopped";
  return (
    <div className="publish">
      <section className="panel pub-card" aria-labelledby="pub-title">
        <h1 id="pub-title">{w.t("pub.title")}</h1>
        <p>{w.t("pub.intro", { host: location.host })}</p>
        <ul className="points">
          {(["ask", "video", "mask", "stop"] as const).map((p) => (
            <li key={p}>
              <Icon name="check" />
              {w.t(`pub.point.${p}`)}
            </li>
          ))}
        </ul>
        {cameras === undefined ? (
          state.error ? (
            <ErrorNote error={state.error} onRetry={() => house.retry()} />
          ) : (
            <Loading rows={2} />
          )
        ) : !camera ? (
          <Empty icon="camera" title={w.t("pub.none.title")}>
            {w.t("pub.none.text")}
          </Empty>
        ) : (
          <div className="pub-actions">
            <label>
              {w.t("pub.camera")}
              <select value={camera.id} disabled={busy} onChange={(e) => setWanted(e.target.value)}>
                {cameras.map((c) => (
                  <option key={c.id} value={c.id}>
                    {c.name}
                  </option>
                ))}
              </select>
            </label>
            {busy ? (
              <button type="button" className="primary stop" onClick={() => publisher.current?.stop()}>
                {w.t("pub.stop")}
              </button>
            ) : (
              <button type="button" className="primary" onClick={start}>
                {w.t("pub.start")}
              </button>
            )}
          </div>
        )}
        <PublishLine publish={publish} figures={figures} />
      </section>
      <div className="pub-views" hidden={publish.kind === "idle" || publish.kind === "stopped"}>
        <figure className="pub-own">
          <video ref={preview} muted playsInline autoPlay aria-label={w.t("pub.own")} />
          <figcaption>{w.t("pub.own")}</figcaption>
        </figure>
        {camera ? (
          <figure className="pub-others">
            <Tile camera={camera} active onChoose={() => {}} onFill={(t) => void t?.requestFullscreen()} />
            <figcaption>{w.t("pub.others")}</figcaption>
          </figure>
        ) : null}
      </div>
    </div>
  );
}

function PublishLine({ publish, figures }: { publish: PublishState; figures: PublishFigures | undefined }) {
  const w = useWords();
  let text = "";
  let tone = "info";
  switch (publish.kind) {
    case "asking":
      text = w.t("pub.asking");
      break;
    case "connecting":
      text = w.t("pub.connecting");
      break;
    case "retrying":
      text = w.t("pub.retry");
      tone = "warn";
      break;
    case "live":
      text = w.t("pub.live");
      tone = "good";
      break;
    case "stopped":
      text =
        publish.why === "other"
          ? w.t("pub.error", { text: publish.text })
          : w.t(`pub.${publish.why}`, { status: String(publish.status) });
      tone = "bad";
      break;
  }
  return (
    <div aria-live="polite">
      {text ? (
        <div className={`note ${tone}`}>
          <Icon name={tone === "bad" || tone === "warn" ? "warn" : tone === "good" ? "check" : "info"} />
          <div>
            {text}
            {publish.kind === "live" && figures?.width ? (
              <span className="num">
                {" "}
                {w.t("pub.figures", {
                  w: String(figures.width),
                  h: String(figures.height),
                  fps: Math.round(figures.fps),
                  rate: Math.round(figures.kbps),
                })}
              </span>
            ) : null}
          </div>
        </div>
      ) : null}
    </div>
  );
}
