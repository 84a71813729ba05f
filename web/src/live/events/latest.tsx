import { useEffect, useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import type { HouseEvent } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Empty, Loading, useHouse } from "../../ui/parts";
import type { House } from "../house";
import { EventList } from "./list";
import { eventTexts } from "./texts";
import { type EventGroup, groupOf, sentence } from "./words";

const filters = ["all", "people", "cameras", "system"] as const;

/** The newest events as they happen, in words, beside the wall. */
export function LatestEvents({ house, nameOf }: { house: House; nameOf: (id: string) => string }) {
  const w = useWords();
  const t = useTexts(eventTexts);
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
        <EventList events={shown} arrived={arrived} nameOf={nameOf}>
          <p className="end">{more ? <Link to="/live/events">{t("all")}</Link> : w.t("events.end")}</p>
        </EventList>
      )}
    </section>
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
