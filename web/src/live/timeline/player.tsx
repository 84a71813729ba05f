import { useCallback, useEffect, useRef, useState } from "react";
import type { Recording } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Icon } from "../../ui/icons";
import { isTyping } from "../../ui/shell";
import { following } from "./following";
import { recordingAt } from "./marks";
import { timelineTexts } from "./texts";
import type { Cursor } from "./track";

/** Where to play from; a new `turn` seeks even to the same place. */
export interface Target extends Cursor {
  turn: number;
}

/** Plays the recordings of one camera one after the other, from where the timeline says. */
export function Player(props: {
  target: Target | undefined;
  recordings: readonly Recording[];
  nameOf: (id: string) => string;
  onTime: (c: Cursor) => void;
}) {
  const { target, recordings, nameOf, onTime } = props;
  const w = useWords();
  const t = useTexts(timelineTexts);
  const video = useRef<HTMLVideoElement>(null);
  const wanted = useRef<number>(undefined); // seconds into the recording, until the video is there
  const [playing, setPlaying] = useState<Recording>();
  const [failed, setFailed] = useState("");
  const list = useRef(recordings);
  useEffect(() => {
    list.current = recordings;
  });

  /** Goes to the wanted place; while the video is on its way the newest wish counts. */
  const seek = useCallback(() => {
    const v = video.current;
    if (!v || wanted.current === undefined || v.readyState < 1 || v.seeking) return;
    v.currentTime = wanted.current;
    wanted.current = undefined;
  }, []);
  const turn = useRef(-1);
  useEffect(() => {
    if (!target || turn.current === target.turn) return;
    const r = recordingAt(list.current, target.camera, target.at);
    if (recordings.length > 0) turn.current = target.turn;
    setPlaying(r);
    if (!r) return;
    wanted.current = Math.max(0, (target.at - Date.parse(r.from)) / 1000);
    if (video.current?.dataset.recording === r.id) seek(); // else the new video does, once it is there
  }, [target, recordings, seek]);
  useSpace(video);

  if (!playing) {
    return (
      <div className="player idle">
        <Icon name="film" size={28} />
        <p>{t(target ? "play.none" : "play.choose")}</p>
      </div>
    );
  }
  const begin = Date.parse(playing.from);
  return (
    <div className="player">
      <video
        ref={video}
        key={playing.id}
        data-recording={playing.id}
        src={`/v1/recordings/${encodeURIComponent(playing.id)}/video`}
        controls
        autoPlay
        muted
        playsInline
        preload="auto"
        aria-label={w.t("rec.player", { camera: nameOf(playing.camera), time: w.time(playing.from) })}
        onLoadedMetadata={seek}
        onSeeked={seek}
        onTimeUpdate={(e) => {
          if (wanted.current === undefined && !e.currentTarget.seeking)
            onTime({ camera: playing.camera, at: begin + e.currentTarget.currentTime * 1000 });
        }}
        onEnded={() => {
          const next = following(list.current, playing);
          if (next) wanted.current = 0;
          if (next) setPlaying(next);
        }}
        onError={() => setFailed(playing.id)}
      />
      {failed === playing.id ? (
        <p className="note bad" role="alert">
          <Icon name="warn" />
          {w.t("rec.failed")}
        </p>
      ) : null}
    </div>
  );
}

/** Space pauses and goes on, unless it belongs to a button or to the player itself. */
function useSpace(video: React.RefObject<HTMLVideoElement | null>): void {
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const v = video.current;
      const target = e.target instanceof HTMLElement ? e.target : null;
      if (
        e.key !== " " ||
        !v ||
        isTyping(target) ||
        target?.closest("button, summary, video, a, dialog, [role=dialog]")
      )
        return;
      e.preventDefault();
      if (v.paused) void v.play().catch(() => {});
      else v.pause();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [video]);
}
