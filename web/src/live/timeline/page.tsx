import { type KeyboardEvent, useCallback, useEffect, useMemo, useState } from "react";
import { useLocation, useSearchParams } from "react-router";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Failure } from "../../kit/failure";
import { PageHead } from "../../kit/page";
import { Icon } from "../../ui/icons";
import { Empty, Loading, useHouse } from "../../ui/parts";
import { useTheHouse } from "../housecontext";
import { useNames } from "../names";
import { useMarks, useNotes, useRecordings } from "./data";
import { ExportDialog } from "./export";
import { MarkList } from "./marklist";
import { neighbour, rowsOf } from "./marks";
import { NoteDialog } from "./notes";
import { noteTexts } from "./notetexts";
import { Player, type Target } from "./player";
import { panned, type Span, showing, within, zoomed } from "./scale";
import { timelineTexts } from "./texts";
import { type Cursor, Track } from "./track";

const atFirst = 30 * 60_000; // ms shown when the page opens

/** The redacted recordings on a timeline, with what happened. */
export default function RecordingsPage() {
  const house = useTheHouse();
  const { status, cameras } = useHouse(house);
  const nameOf = useNames(house);
  const w = useWords();
  const t = useTexts(timelineTexts);
  const storage = status?.storage;
  return (
    <div className="desk recordings-desk">
      <PageHead
        title={t("title")}
        lead={
          <>
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
          </>
        }
      />
      {cameras === undefined ? (
        <Loading rows={5} />
      ) : cameras.every((c) => !c.recording.segments) ? (
        <Empty icon="film" title={w.t("rec.empty.title")}>
          {w.t("rec.empty.text")}
        </Empty>
      ) : (
        <Bench
          cameras={cameras.map((c) => c.id)}
          oldest={cameras.reduce<number>(
            (old, c) => (c.recording.oldest ? Math.min(old, Date.parse(c.recording.oldest)) : old),
            Number.POSITIVE_INFINITY,
          )}
          nameOf={nameOf}
        />
      )}
    </div>
  );
}

/** Player, timeline and what lies on it. */
function Bench(props: { cameras: readonly string[]; oldest: number; nameOf: (id: string) => string }) {
  const { nameOf } = props;
  const w = useWords();
  const t = useTexts(timelineTexts);
  const now = useMinute();
  const bounds = useMemo<Span>(
    () => ({ from: Math.min(props.oldest, now - 60_000), to: now }),
    [props.oldest, now],
  );
  const [camera, setCamera] = useState("");
  const asked = useAsked();
  const [span, setSpan] = useState<Span>(() => {
    const latest = within({ from: now - atFirst, to: now }, bounds);
    return asked ? showing(latest, asked.at, bounds) : latest;
  });
  const [cursor, setCursor] = useState<Cursor | undefined>(asked);
  const [target, setTarget] = useState<Target | undefined>(asked && { ...asked, turn: 0 });
  const [range, setRange] = useState<Partial<Span>>({});
  const recordings = useRecordings(span, camera);
  const marks = useMarks(span, camera);
  const notes = useNotes(span, camera);
  const n = useTexts(noteTexts);
  const [writing, write] = useState<(Cursor & { event?: string }) | undefined>(asked?.note);
  const [exporting, setExporting] = useState(false);
  const list = recordings.data?.list ?? [];
  const shown = camera ? [camera] : props.cameras;
  const rows = useMemo(
    () => rowsOf(shown, marks.data?.list ?? [], marks.data?.seen ?? span, notes.data),
    [shown, marks.data, notes.data, span],
  );
  const error = recordings.error ?? marks.error ?? notes.error;
  const whole =
    range.from !== undefined && range.to !== undefined ? { from: range.from, to: range.to } : undefined;

  const seek = useCallback(
    (c: Cursor) => {
      setCursor(c);
      setTarget((old) => ({ ...c, turn: (old?.turn ?? 0) + 1 }));
      setSpan((s) => showing(s, c.at, bounds));
    },
    [bounds],
  );
  const follow = useCallback(
    (c: Cursor) => {
      setCursor(c);
      setSpan((s) => (c.at > s.from && c.at < s.to ? showing(s, c.at, bounds) : s));
    },
    [bounds],
  );
  const jump = (direction: 1 | -1) => {
    const id = cursor?.camera ?? shown[0];
    const own = rows.find((r) => r.camera === id)?.marks ?? [];
    const at = neighbour(own, cursor?.at ?? span.to, direction);
    if (id !== undefined && at !== undefined) seek({ camera: id, at });
  };
  const zoom = (factor: number) =>
    setSpan(zoomed(span, factor, cursor?.at ?? (span.from + span.to) / 2, bounds));
  const setEdge = (edge: "from" | "to") => {
    if (!cursor) return;
    setRange((r) => {
      const next = { ...r, [edge]: cursor.at };
      // An end before its beginning begins a new range.
      if (next.from !== undefined && next.to !== undefined && next.from >= next.to)
        return { [edge]: cursor.at };
      return next;
    });
  };
  const act = new Map<string, () => void>([
    ["+", () => zoom(0.5)],
    ["=", () => zoom(0.5)],
    ["-", () => zoom(2)],
    ["[", () => jump(-1)],
    ["]", () => jump(1)],
    ["i", () => setEdge("from")],
    ["o", () => setEdge("to")],
    ["PageUp", () => setSpan(panned(span, -0.9, bounds))],
    ["PageDown", () => setSpan(panned(span, 0.9, bounds))],
  ]);
  const onKey = (e: KeyboardEvent) => {
    const what = e.ctrlKey || e.metaKey || e.altKey ? undefined : act.get(e.key);
    what?.();
    return what !== undefined;
  };

  return (
    <>
      {error ? <Failure error={error} onRetry={() => void recordings.refetch()} /> : null}
      <div className="bench">
        <div className="bench-main">
          <Player target={target} recordings={list} nameOf={nameOf} onTime={follow} />
        </div>
        <div className="bench-side">
          <MarkList rows={rows} span={span} nameOf={nameOf} onSeek={seek} />
        </div>
      </div>
      <section className="panel" aria-label={t("tl.label")}>
        <div className="tl-bar">
          <select aria-label={w.t("rec.camera")} value={camera} onChange={(e) => setCamera(e.target.value)}>
            <option value="">{t("camera.all")}</option>
            {props.cameras.map((id) => (
              <option key={id} value={id}>
                {nameOf(id)}
              </option>
            ))}
          </select>
          <strong className="num tl-clock">{cursor ? w.time(new Date(cursor.at).toISOString()) : "–"}</strong>
          <Button small onPress={() => jump(-1)} label={t("tl.prev")}>
            <Icon name="left" />
          </Button>
          <Button small onPress={() => jump(1)} label={t("tl.next")}>
            <Icon name="right" />
          </Button>
          <Button small disabled={!cursor} pressed={range.from !== undefined} onPress={() => setEdge("from")}>
            {t("range.start")}
          </Button>
          <Button small disabled={!cursor} pressed={range.to !== undefined} onPress={() => setEdge("to")}>
            {t("range.end")}
          </Button>
          <Button small disabled={!whole || !cursor} onPress={() => setExporting(true)}>
            <Icon name="save" />
            {n("export.open")}
          </Button>
          <Button small disabled={!cursor} onPress={() => write(cursor)}>
            <Icon name="note" />
            {n("note.write")}
          </Button>
          <span className="spring" />
          <Button small onPress={() => setSpan(panned(span, -0.5, bounds))}>
            {t("tl.back")}
          </Button>
          <Button small onPress={() => setSpan(panned(span, 0.5, bounds))}>
            {t("tl.on")}
          </Button>
          <Button
            small
            onPress={() => setSpan(within({ from: now - (span.to - span.from), to: now }, bounds))}
          >
            {t("tl.now")}
          </Button>
          <Button small onPress={() => zoom(2)} label={t("tl.out")}>
            −
          </Button>
          <Button small onPress={() => zoom(0.5)} label={t("tl.in")}>
            +
          </Button>
        </div>
        <Track
          span={span}
          bounds={bounds}
          rows={rows}
          recordings={list}
          cursor={cursor}
          range={range}
          nameOf={nameOf}
          onSpan={setSpan}
          onSeek={seek}
          onKey={onKey}
        />
        <ul className="tl-legend">
          {(["recorded", "mask", "lost", "person", "note"] as const).map((k) => (
            <li key={k} className={`legend-${k}`}>
              {t(`legend.${k}`)}
            </li>
          ))}
        </ul>
        {cursor && !whole ? <p className="tl-hint">{n("export.need")}</p> : null}
        {recordings.data?.cut || marks.data?.cut ? <p className="tl-cut">{t("tl.more")}</p> : null}
      </section>
      <NoteDialog about={writing} nameOf={nameOf} onClose={() => write(undefined)} />
      {exporting && whole && cursor ? (
        <ExportDialog
          camera={cursor.camera}
          range={whole}
          nameOf={nameOf}
          onClose={() => setExporting(false)}
        />
      ) : null}
    </>
  );
}

/** The place that the address names: ?camera=ID&at=TIME, with &event=ID#note for a note on it. */
function useAsked(): (Cursor & { note?: Cursor & { event?: string } }) | undefined {
  const [params] = useSearchParams();
  const { hash } = useLocation();
  const [first] = useState(() => {
    const at = Date.parse(params.get("at") ?? "");
    const camera = params.get("camera") ?? "";
    const event = params.get("event") ?? "";
    if (!camera || Number.isNaN(at)) return undefined;
    return { camera, at, ...(hash === "#note" ? { note: { camera, at, ...(event ? { event } : {}) } } : {}) };
  });
  return first;
}

/** The time now; it moves on every few seconds, so that new recordings come into reach. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
