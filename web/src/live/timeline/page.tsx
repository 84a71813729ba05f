import { useCallback, useEffect, useRef, useState } from "react";
import { type Recording, RequestError, read } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { Icon } from "../../ui/icons";
import { Empty, ErrorNote, Loading, useHouse } from "../../ui/parts";
import { isTyping } from "../../ui/shell";
import { useTheHouse } from "../housecontext";
import { useNames } from "../wallpage";
import { following } from "./following";

const page = 50;

/** The redacted recordings, by camera, played in the page. */
export default function RecordingsPage() {
  const house = useTheHouse();
  const { status, cameras } = useHouse(house);
  const nameOf = useNames(house);
  const w = useWords();
  const [camera, setCamera] = useState("");
  const { list, more, error, older, refresh } = useRecordings(camera);
  const [playing, setPlaying] = useState<Recording>();
  const storage = status?.storage;
  return (
    <section className="panel recordings" aria-labelledby="rec-title">
      <div className="panel-head">
        <h2 id="rec-title">{w.t("rec.title")}</h2>
        <div className="rec-tools">
          <label>
            <span className="hidden">{w.t("rec.camera")}</span>
            <select value={camera} onChange={(e) => setCamera(e.target.value)}>
              <option value="">{w.t("rec.all")}</option>
              {cameras?.map((c) => (
                <option key={c.id} value={c.id}>
                  {c.name}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            className="tool"
            onClick={refresh}
            aria-label={w.t("rec.refresh")}
            title={w.t("rec.refresh")}
          >
            <Icon name="refresh" />
          </button>
        </div>
      </div>
      <p className="panel-note">
        {w.t("rec.redacted")}{" "}
        {storage?.limit_bytes && storage.max_age_s
          ? w.t("rec.limits", {
              used: w.bytes(storage.used_bytes),
              limit: w.bytes(storage.limit_bytes),
              age: w.duration(storage.max_age_s),
            })
          : storage?.used_bytes
            ? w.t("rec.used", { used: w.bytes(storage.used_bytes) })
            : null}
      </p>
      {error ? <ErrorNote error={error} onRetry={refresh} /> : null}
      {list === undefined ? (
        error ? null : (
          <Loading rows={4} />
        )
      ) : list.length === 0 ? (
        <Empty icon="film" title={w.t("rec.empty.title")}>
          {w.t("rec.empty.text")}
        </Empty>
      ) : (
        <div className="rec-body">
          <Player
            recording={playing}
            nameOf={nameOf}
            onEnd={() => setPlaying(playing && following(list, playing))}
          />
          <div className="rec-scroll">
            <ul className="rec-list" aria-label={w.t("rec.list")}>
              {list.map((r) => (
                <Row key={r.id} r={r} playing={r.id === playing?.id} nameOf={nameOf} onPlay={setPlaying} />
              ))}
            </ul>
            {more ? (
              <button type="button" className="quiet wide" onClick={older}>
                {w.t("rec.more")}
              </button>
            ) : null}
          </div>
        </div>
      )}
    </section>
  );
}

function Row(props: {
  r: Recording;
  playing: boolean;
  nameOf: (id: string) => string;
  onPlay: (r: Recording) => void;
}) {
  const { r, playing, nameOf, onPlay } = props;
  const w = useWords();
  return (
    <li>
      <button
        type="button"
        className="rec"
        aria-current={playing ? "true" : undefined}
        onClick={() => onPlay(r)}
        aria-label={w.t("rec.play", { camera: nameOf(r.camera), time: w.time(r.from) })}
      >
        <Icon name={playing ? "film" : "play"} size={14} />
        <span className="rec-name">
          <span className="num">{w.time(r.from)}</span>
          <small>{nameOf(r.camera)}</small>
        </span>
        <span className="rec-figures num">
          {playing ? w.t("rec.playing") : r.complete ? w.duration(r.seconds) : w.t("rec.writing")}
          <small>{w.bytes(r.bytes)}</small>
        </span>
      </button>
    </li>
  );
}

function Player(props: {
  recording: Recording | undefined;
  nameOf: (id: string) => string;
  onEnd: () => void;
}) {
  const { recording, nameOf, onEnd } = props;
  const w = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const v = video.current;
      const target = e.target instanceof HTMLElement ? e.target : null;
      // Space belongs to a button that has the focus, and to the player itself.
      if (e.key !== " " || !v || isTyping(target) || target?.closest("button, summary, video, a, dialog"))
        return;
      e.preventDefault();
      if (v.paused) void v.play().catch(() => {});
      else v.pause();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  if (!recording) {
    return (
      <div className="player idle">
        <Icon name="film" size={28} />
        <p>{w.t("rec.choose")}</p>
      </div>
    );
  }
  return (
    <div className="player">
      <video
        ref={video}
        key={recording.id}
        src={`/v1/recordings/${encodeURIComponent(recording.id)}/video`}
        controls
        autoPlay
        muted
        playsInline
        preload="metadata"
        aria-label={w.t("rec.player", { camera: nameOf(recording.camera), time: w.time(recording.from) })}
        onEnded={onEnd}
        onError={() => setFailed(recording.id)}
      />
      {failed === recording.id ? (
        <p className="note bad" role="alert">
          <Icon name="warn" />
          {w.t("rec.failed")}
        </p>
      ) : (
        <p className="player-line num">
          {nameOf(recording.camera)} · {w.time(recording.from)}
        </p>
      )}
    </div>
  );
}

function useRecordings(camera: string) {
  const [list, setList] = useState<readonly Recording[]>();
  const [more, setMore] = useState(false);
  const [error, setError] = useState<RequestError>();
  const load = useCallback(
    async (to: string | undefined, signal?: AbortSignal) => {
      try {
        const got = await read("/v1/recordings", { camera, limit: page, ...(to ? { to } : {}) }, signal);
        setList((old) =>
          to && old
            ? [...old, ...got.recordings.filter((r) => !old.some((o) => o.id === r.id))]
            : got.recordings,
        );
        setMore(got.more);
        setError(undefined);
      } catch (err) {
        if (err instanceof RequestError) setError(err);
      }
    },
    [camera],
  );
  useEffect(() => {
    const stop = new AbortController();
    void load(undefined, stop.signal);
    return () => stop.abort();
  }, [load]);
  const atEnd = list?.at(-1)?.from;
  // Look again by itself while nothing was ever found: the first one appears soon.
  const none = list?.length === 0;
  useEffect(() => {
    if (!none) return;
    const timer = setInterval(() => void load(undefined), 5000);
    return () => clearInterval(timer);
  }, [none, load]);
  return { list, more, error, older: () => void load(atEnd), refresh: () => void load(undefined) };
}
