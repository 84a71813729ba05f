import { useEffect, useMemo, useRef, useState } from "react";
import type { HouseEvent } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { Icon, type IconName } from "../../ui/icons";
import { Empty, Loading, useHouse } from "../../ui/parts";
import type { House } from "../house";
import { type EventGroup, groupOf, sentence, toneOf } from "./words";

const filters = ["all", "people", "cameras", "system"] as const;

/** The newest events as they happen, in words. */
export function LatestEvents({ house, nameOf }: { house: House; nameOf: (id: string) => string }) {
  const w = useWords();
  const { events, more, arrived } = useHouse(house);
  const [filter, setFilter] = useState<"all" | EventGroup>("all");
  const shown = useMemo(
    () => events?.filter((e) => filter === "all" || groupOf(e) === filter),
    [events, filter],
  );
  return (
    <section className="panel events" aria-labelledby="events-title">
      <div className="panel-head">
        <h2 id="events-title">{w.t("events.title")}</h2>
        <fieldset className="segments">
          <legend className="hidden">{w.t("events.filter")}</legend>
          {filters.map((f) => (
            <button key={f} type="button" aria-pressed={f === filter} onClick={() => setFilter(f)}>
              {w.t(`events.${f}`)}
            </button>
          ))}
        </fieldset>
      </div>
      <Announcer events={events} nameOf={nameOf} />
      {shown === undefined ? (
        <Loading rows={6} />
      ) : shown.length === 0 ? (
        events?.length ? (
          <Empty icon="clock" title={w.t("events.emptyFilter")} />
        ) : (
          <Empty icon="clock" title={w.t("events.empty.title")}>
            {w.t("events.empty.text")}
          </Empty>
        )
      ) : (
        <div className="events-scroll">
          <ol className="event-list" aria-labelledby="events-title">
            {shown.map((e) => (
              <Row key={e.id} event={e} fresh={arrived.has(e.id)} nameOf={nameOf} />
            ))}
          </ol>
          {more ? (
            <button type="button" className="quiet wide" onClick={() => void house.older()}>
              {w.t("events.more")}
            </button>
          ) : (
            <p className="end">{w.t("events.end")}</p>
          )}
        </div>
      )}
    </section>
  );
}

const icons: Record<string, IconName> = {
  match: "person",
  unmask: "eye",
  claim_outcome: "check",
  verify_1to1: "check",
  human_review: "check",
  gate_change: "gate",
  zone_minute: "count",
};

function iconOf(e: HouseEvent): IconName {
  if (e.kind !== "camera_health") return icons[e.kind] ?? "camera";
  if (e.detail?.state === "full_mask") return "mask";
  return toneOf(e) === "bad" ? "cameraOff" : "camera";
}

function Row(props: { event: HouseEvent; fresh: boolean; nameOf: (id: string) => string }) {
  const { event, fresh, nameOf } = props;
  const w = useWords();
  return (
    <li className={`event ${toneOf(event)}${fresh ? " fresh" : ""}`}>
      <span className="event-icon">
        <Icon name={iconOf(event)} />
      </span>
      <details>
        <summary>
          <span className="event-text">{sentence(w, event, nameOf)}</span>
          <span className="event-meta num">
            <time dateTime={event.ts}>{w.time(event.ts)}</time>
            <span>{nameOf(event.camera)}</span>
          </span>
        </summary>
        <Facts event={event} />
      </details>
    </li>
  );
}

/** What an auditor asks first about one event. */
function Facts({ event: e }: { event: HouseEvent }) {
  const w = useWords();
  const score = e.score ? `${w.score(e.score)} / ${w.score(e.threshold ?? 0)}` : "";
  const facts: [string, string][] = [
    [w.t("event.d.score"), score],
    [w.t("event.d.gallery"), e.gallery_size ? w.number(e.gallery_size) : ""],
    [w.t("event.d.notice"), e.notice ?? ""],
    [w.t("event.d.seq"), `${e.chain} · ${w.number(e.seq)}`],
    [w.t("event.d.id"), e.id],
    [w.t("event.d.hash"), e.row_hash ?? ""],
  ];
  return (
    <dl className="facts">
      {facts.map(([k, v]) =>
        v ? (
          <div key={k}>
            <dt>{k}</dt>
            <dd>{v}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

/** Reads new events out to those who do not see the list, at most one in five seconds. */
function Announcer({
  events,
  nameOf,
}: {
  events: readonly HouseEvent[] | undefined;
  nameOf: (id: string) => string;
}) {
  const w = useWords();
  const [text, setText] = useState("");
  const last = useRef({ id: "", at: 0 });
  useEffect(() => {
    const newest = events?.find((e) => groupOf(e) !== "system");
    if (!newest || newest.id === last.current.id) return;
    const first = last.current.id === "";
    const now = Date.now();
    if (!first && now - last.current.at < 5000) return;
    last.current = { id: newest.id, at: now };
    if (!first) setText(sentence(w, newest, nameOf));
  }, [events, nameOf, w]);
  return (
    <p className="hidden" aria-live="polite">
      {text}
    </p>
  );
}
