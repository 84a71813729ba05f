import { memo, type ReactNode } from "react";
import type { HouseEvent } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { Icon, type IconName } from "../../ui/icons";
import { sentence, toneOf } from "./words";

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

/** One event in words; pressing it shows what an auditor asks first. */
export const EventRow = memo(function EventRow(props: {
  event: HouseEvent;
  fresh: boolean;
  open: boolean;
  nameOf: (id: string) => string;
  onOpen: (id: string) => void;
  actions?: ((e: HouseEvent) => ReactNode) | undefined;
}) {
  const { event, open } = props;
  const w = useWords();
  return (
    <div className={`event ${toneOf(event)}${props.fresh ? " fresh" : ""}`}>
      <span className="event-icon">
        <Icon name={iconOf(event)} />
      </span>
      <div>
        <button
          type="button"
          className="event-head"
          aria-expanded={open}
          onClick={() => props.onOpen(event.id)}
        >
          <span className="event-text">{sentence(w, event, props.nameOf)}</span>
          <span className="event-meta num">
            <time dateTime={event.ts}>{w.time(event.ts)}</time>
            <span>{props.nameOf(event.camera)}</span>
          </span>
        </button>
        {open ? <Facts event={event} /> : null}
        {open && props.actions ? <div className="event-actions">{props.actions(event)}</div> : null}
      </div>
    </div>
  );
});

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
