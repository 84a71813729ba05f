import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { client, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { LinkButton } from "../kit/button";
import { Loaded } from "../kit/loaded";
import { Facts, PageHead, Panel } from "../kit/page";
import { pseudonym } from "./answer";
import { canonicalFields, parseRow, type Row } from "./canonical";
import { Cell, Moment } from "./cell";
import { columnTexts } from "./columntexts";
import { eventTexts } from "./eventtexts";
import { GatePanel } from "./gate";
import { InForce } from "./inforce";
import { ProofTrail } from "./prooftrail";
import { PurposeBar, usePurpose } from "./purpose";
import { auditTexts } from "./texts";

export type EventView = Schemas["AuditorEventView"];

/** One event: its proof, the gate, the rules then in force, and every field. */
export default function EventPage() {
  const { id = "" } = useParams();
  const t = useTexts(eventTexts);
  const purpose = usePurpose();
  const view = useQuery({
    queryKey: ["audit", "event", id, purpose.text],
    queryFn: async () =>
      (
        await client.GET("/v1/audit/events/{id}", {
          params: { path: { id }, query: { purpose: purpose.text } },
        })
      ).data as EventView,
    enabled: purpose.text !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return (
    <>
      <Link to="/audit">← {t("back")}</Link>
      {view.data ? null : <PageHead title={id} />}
      {view.data ? null : <PurposeBar />}
      <Loaded query={view} rows={8}>
        {(v) => <Shown view={v} />}
      </Loaded>
    </>
  );
}

function Shown({ view }: { view: EventView }) {
  const t = useTexts(eventTexts);
  const c = useTexts(columnTexts);
  const d = useTexts(auditTexts);
  const row = parseRow(view.row);
  const text = (name: string) => (typeof row[name] === "string" ? (row[name] as string) : "");
  const subject = text("subject_ref");
  const where = [text("zone_id"), text("camera_id"), text("site_id")].filter(Boolean).join(" · ");
  return (
    <>
      <PageHead
        title={
          <>
            {c.code("k", text("kind"))}
            {subject ? ` · ${d("guest", { who: pseudonym(subject) })}` : ""}
          </>
        }
        lead={
          <>
            <Moment iso={text("ts")} /> · {where} ·{" "}
            {t("lead", { seq: String(row.seq), chain: text("chain_id") })}
          </>
        }
        actions={
          subject ? (
            <>
              <LinkButton small to={`/audit/query?subject=${subject}`}>
                {t("all.person")}
              </LinkButton>
              <LinkButton small to={`/audit/names?event=${text("event_id")}`}>
                {t("name.ask")}
              </LinkButton>
            </>
          ) : undefined
        }
      />
      <div className="audit-event">
        <div className="audit-column">
          <ProofTrail
            row={view.row}
            edgeKey={view.key ?? ""}
            chain={text("chain_id")}
            seq={Number(row.seq)}
          />
          <Reviews view={view} />
          <Fields row={row} />
        </div>
        <div className="audit-column">
          <GatePanel conditions={view.conditions} />
          <InForce view={view} row={row} />
        </div>
      </div>
    </>
  );
}

function Reviews({ view }: { view: EventView }) {
  const t = useTexts(eventTexts);
  const c = view.confirmation;
  const params = {
    confirmed: c.confirmed,
    rejected: c.rejected,
    needed: c.needed,
    all: c.confirmed + c.rejected,
  };
  const tone = { confirmed: "good", rejected: "bad", open: "warn", not_needed: "" }[c.state] ?? "";
  return (
    <Panel title={t("reviews.title")}>
      <p>
        <span className={`state ${tone}`}>{t(`reviews.${c.state}`, params)}</span>
      </p>
      {view.reviews.length > 0 ? (
        <ul className="audit-list">
          {view.reviews.map((r) => (
            <li key={r.event}>
              <Moment iso={r.at} /> · <Cell name="verdict" type="text" value={r.verdict} /> ·{" "}
              <span title={r.reviewer_ref}>{t("reviews.by", { who: r.reviewer_ref.slice(0, 12) })}</span> ·{" "}
              <Cell name="event_id" type="text" value={r.event} />
            </li>
          ))}
        </ul>
      ) : c.state === "open" ? (
        <p className="audit-note">{t("reviews.none")}</p>
      ) : null}
    </Panel>
  );
}

const digests = new Set(canonicalFields.flatMap(([name, mark]) => (mark === "d" ? [name] : [])));

/** Every field that holds something, by its name in words. */
function Fields({ row }: { row: Row }) {
  const t = useTexts(eventTexts);
  const c = useTexts(columnTexts);
  return (
    <Panel title={t("fields.title")} note={t("fields.note")}>
      <Facts
        rows={Object.entries(row).map(([name, value]) => [
          c.code("c", name),
          <FieldValue key={name} name={name} value={value} />,
        ])}
      />
    </Panel>
  );
}

function FieldValue({ name, value }: { name: string; value: unknown }) {
  if (value === "" || value === null || value === undefined) return null;
  if (typeof value === "object")
    return (
      <ul className="audit-detail">
        {Object.entries(value).map(([k, v]) => (
          <li key={k}>
            <code>{k}</code> {String(v)}
          </li>
        ))}
      </ul>
    );
  if (name === "ts")
    return (
      <>
        <Moment iso={String(value)} /> <code>{String(value)}</code>
      </>
    );
  if (
    digests.has(name) ||
    ["row_hash", "node_sig", "salt", "payload_enc", "dek_id", "event_id"].includes(name)
  )
    return <code className="audit-hash">{String(value)}</code>;
  if (typeof value === "number" || typeof value === "string")
    return <Cell name={name} type="text" value={value} />;
  return <>{String(value)}</>;
}
