import type { ReactNode } from "react";
import { useState } from "react";
import { api } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Facts, Panel } from "../kit/page";
import { Loading } from "../ui/parts";
import type { ColumnType, Value } from "./answer";
import type { Row } from "./canonical";
import { Cell, Moment } from "./cell";
import { columnTexts } from "./columntexts";
import type { EventView } from "./event";
import { eventTexts } from "./eventtexts";

const shown: readonly (readonly [name: string, type: ColumnType])[] = [
  ["policy_version", "int"],
  ["scene_id", "text"],
  ["scene_state", "text"],
  ["scene_approver", "text"],
  ["assessment_id", "text"],
  ["notice_version", "text"],
  ["notice_effective_from", "text"],
  ["zone_id", "text"],
  ["zone_version", "int"],
  ["zone_state", "text"],
  ["sign_set_hash", "digest"],
  ["inspection_id", "text"],
];

/** Notice, policy, zone, signs and inspection as they stood when the event happened. */
export function InForce({ view, row }: { view: EventView; row: Row }) {
  const t = useTexts(eventTexts);
  const c = useTexts(columnTexts);
  const then = view.in_force as Readonly<Record<string, Value>> | undefined;
  const zone = str(row.zone_id);
  const notice = str(row.notice_version);
  if (!then)
    return (
      <Panel title={t("force.title")}>
        <p className="audit-note">{t("force.none")}</p>
      </Panel>
    );
  return (
    <Panel title={t("force.title")}>
      <div className="audit-force">
        <Facts
          rows={shown.map(([name, type]) => [
            c.code("c", name),
            then[name] ? <Force key={name} name={name} type={type} value={then[name] ?? null} /> : null,
          ])}
        />
        {zone ? <ZoneThen zone={zone} version={Number(row.zone_version ?? 0)} /> : null}
        {str(row.inspection_id) ? (
          <InspectionThen id={str(row.inspection_id)} signs={str(row.sign_set_hash)} />
        ) : null}
        {zone ? <SignsThen zone={zone} at={str(row.ts)} /> : null}
        {notice ? <NoticeThen version={notice} /> : null}
      </div>
    </Panel>
  );
}

function Force({ name, type, value }: { name: string; type: ColumnType; value: Value }) {
  if (name === "notice_effective_from" && typeof value === "string" && !Number.isNaN(Date.parse(value)))
    return <Moment iso={value} />;
  return <Cell name={name} type={type} value={value} />;
}

function str(v: unknown): string {
  return typeof v === "string" ? v : "";
}

const calm = { staleTime: 60_000, retry: false } as const;
const page = { params: { query: { limit: 200 } } };

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="audit-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function ZoneThen({ zone, version }: { zone: string; version: number }) {
  const t = useTexts(eventTexts);
  const c = useTexts(columnTexts);
  // Asked for only where the register has it, since a file may be all there is.
  const known = api.useQuery("get", "/v1/zones", page, calm);
  const there = known.data?.items.some((z) => z.id === zone) ?? false;
  const q = api.useQuery(
    "get",
    "/v1/zones/{id}/history",
    { params: { path: { id: zone } } },
    { ...calm, enabled: there },
  );
  if (known.isPending || (there && q.isPending)) return <Loading rows={2} />;
  const z = q.data?.versions.find((v) => v.version === version);
  return (
    <Part title={t("zone.title")}>
      {z ? (
        <Facts
          rows={[
            [c("c.state"), <Cell key="s" name="zone_state" type="text" value={z.state} />],
            [c("c.since"), <Moment key="t" iso={z.at} />],
            [t("zone.planners"), (z.planners ?? []).join(", ")],
            [t("zone.approver"), z.approver],
            [t("zone.alternative"), z.alternative?.description],
            [c("c.reason"), z.reason],
          ]}
        />
      ) : (
        <p className="audit-note">{t("zone.gone")}</p>
      )}
    </Part>
  );
}

function InspectionThen({ id, signs }: { id: string; signs: string }) {
  const t = useTexts(eventTexts);
  const q = api.useQuery("get", "/v1/inspections", page, calm);
  if (q.isPending) return <Loading rows={2} />;
  const i = q.data?.items.find((x) => x.id === id);
  return (
    <Part title={t("inspection.title")}>
      {i ? (
        <Facts
          rows={[
            [t("inspection.by"), i.inspector],
            [t("inspection.date"), <Moment key="d" iso={i.date} step="day" />],
            [t("inspection.until"), <Moment key="u" iso={i.valid_until} step="day" />],
            [t("inspection.passed"), i.passed ? t("yes") : t("no")],
            [
              t("inspection.same"),
              i.sign_set_hash === signs ? t("inspection.same.yes") : t("inspection.same.no"),
            ],
          ]}
        />
      ) : (
        <p className="audit-note">{t("inspection.gone")}</p>
      )}
    </Part>
  );
}

/** The zone's signs; one whose newest version is younger than the event says so. */
function SignsThen({ zone, at }: { zone: string; at: string }) {
  const t = useTexts(eventTexts);
  const q = api.useQuery("get", "/v1/signs", page, calm);
  if (q.isPending) return <Loading rows={2} />;
  const signs = (q.data?.items ?? []).filter((s) => s.zone === zone);
  return (
    <Part title={t("signs.title")}>
      {signs.length > 0 ? (
        <ul className="audit-list">
          {signs.map((s) => {
            const state = Date.parse(s.at) <= Date.parse(at) ? "then" : s.version > 1 ? "changed" : "later";
            return (
              <li key={s.id}>
                {t(`sign.${s.kind}`)} · {s.entrance}{" "}
                <span className={`chip ${state === "then" ? "good" : "warn"}`}>{t(`signs.${state}`)}</span>
              </li>
            );
          })}
        </ul>
      ) : (
        <p className="audit-note">{t("signs.none")}</p>
      )}
    </Part>
  );
}

function NoticeThen({ version }: { version: string }) {
  const t = useTexts(eventTexts);
  const c = useTexts(columnTexts);
  const [open, setOpen] = useState(false);
  const q = api.useQuery("get", "/v1/notices", {}, calm);
  if (q.isPending) return <Loading rows={2} />;
  const n = q.data?.notices.find((x) => x.version === version);
  const text = n ? (n.texts[t.lang] ?? Object.values(n.texts)[0]) : undefined;
  return (
    <Part title={t("notice.title")}>
      {n ? (
        <>
          <Facts
            rows={[
              [c("c.notice_version"), n.version],
              [t("notice.published"), n.published_at ? <Moment key="p" iso={n.published_at} /> : null],
              [t("notice.hash"), <code key="h">{n.hash.slice(0, 24)}…</code>],
            ]}
          />
          {text ? (
            <Button small onPress={() => setOpen(true)}>
              {t("notice.read")}
            </Button>
          ) : null}
          <Dialog title={`${t("notice.title")} ${n.version}`} open={open} onClose={() => setOpen(false)} wide>
            <div className="audit-notice">{text ? plain(text) : null}</div>
          </Dialog>
        </>
      ) : (
        <p className="audit-note">{t("notice.gone")}</p>
      )}
    </Part>
  );
}

/** A notice's text in its paragraphs. */
function plain(text: object): ReactNode {
  return Object.entries(text).map(([k, v]) => (typeof v === "string" && v ? <p key={k}>{v}</p> : null));
}
