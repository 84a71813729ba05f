import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { HouseEvent } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { EventRow } from "./row";
import { eventTexts } from "./texts";

const nearEnd = 15; // rows before the end at which older ones are asked for

/**
 * Events in a box of its own that scrolls. Only the rows in sight exist, so
 * that ten thousand scroll as smoothly as ten. While somebody reads further
 * down, nothing moves: what came meanwhile is counted and shown on request.
 */
export function EventList(props: {
  events: readonly HouseEvent[]; // newest first
  arrived: ReadonlySet<string>;
  nameOf: (id: string) => string;
  onEnd?: () => void; // the end is in sight
  actions?: (e: HouseEvent) => ReactNode;
  children?: ReactNode; // after the last row
}) {
  const { events, onEnd } = props;
  const t = useTexts(eventTexts);
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { shown, waiting, catchUp, atTop } = useHeld(events, box);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => 62,
    getItemKey: (i) => shown[i]?.id ?? i,
    overscan: 8,
  });
  const toggle = useCallback((id: string) => {
    setOpen((was) => {
      const next = new Set(was);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= shown.length - nearEnd) onEnd?.();
  }, [last, shown.length, onEnd]);
  return (
    <div className="events-box">
      {waiting > 0 ? (
        <button type="button" className="events-new" onClick={catchUp}>
          ↑ {t("list.new", { n: waiting })}
        </button>
      ) : null}
      <div ref={box} className="events-scroll" onScroll={atTop}>
        <ol className="event-list" aria-label={t("list.label")} style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const e = shown[item.index];
            return e ? (
              <li
                key={item.key}
                ref={rows.measureElement}
                data-index={item.index}
                aria-posinset={item.index + 1}
                aria-setsize={shown.length}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <EventRow
                  event={e}
                  fresh={props.arrived.has(e.id)}
                  open={open.has(e.id)}
                  nameOf={props.nameOf}
                  onOpen={toggle}
                  actions={props.actions}
                />
              </li>
            ) : null;
          })}
        </ol>
        {props.children}
      </div>
    </div>
  );
}

/** Holds newer events back while the box is scrolled down. */
function useHeld(events: readonly HouseEvent[], box: React.RefObject<HTMLDivElement | null>) {
  const [held, setHeld] = useState(""); // the newest event shown while scrolled down
  const from = held ? events.findIndex((e) => e.id === held) : 0;
  const waiting = Math.max(0, from);
  const first = events[waiting]?.id ?? "";
  const atTop = useCallback(() => {
    const down = (box.current?.scrollTop ?? 0) > 8;
    setHeld((was) => (down ? was || first : ""));
  }, [box, first]);
  const catchUp = useCallback(() => {
    setHeld("");
    box.current?.scrollTo({ top: 0 });
  }, [box]);
  return { shown: waiting ? events.slice(waiting) : events, waiting, catchUp, atTop };
}
