import type { ReactNode } from "react";
import { Link } from "react-router";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { Loaded } from "../../kit/loaded";
import { Facts, PageHead, Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, type Role, useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { type Coverage, nameOf, useCoverage, useReload, useVenue, type Venue, type Zone } from "../data";
import { Decide } from "../decide";
import { RunsOutLine, StateChip, useDay } from "../kindof";
import { Missing, useCount } from "../problem";
import { zoneTexts } from "../texts";
import { AlternativePanel } from "./alternative";
import { CoverTable } from "./cover";

export function ZonePage({ id }: { id: string }) {
  const t = useTexts(zoneTexts);
  const venue = useVenue();
  return (
    <Loaded query={venue} rows={8} page>
      {(v) => {
        const zone = v.zones.find((z) => z.id === id);
        return zone ? <Shown zone={zone} venue={v} /> : <Gone title={t("zone.gone", { id })} to="/zones" />;
      }}
    </Loaded>
  );
}

function Shown({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const coverage = useCoverage(zone.id);
  const recognition = zone.kind === "recognition";
  return (
    <>
      <PageHead
        title={
          <>
            {zone.id} <StateChip zone={zone} />
          </>
        }
        lead={t("zone.lead", { kind: t(`kind.${zone.kind}`), camera: nameOf(venue.cameras, zone.camera) })}
        actions={
          zone.state === "retired" ? null : (
            <>
              <LinkButton to={`/zones/draw/${zone.camera}`}>{t("zone.edit")}</LinkButton>
              <Ends zone={zone} />
            </>
          )
        }
      />
      {recognition ? (
        <Loaded query={coverage}>
          {(c) => (
            <>
              <GoLive zone={zone} venue={venue} coverage={c} />
              <CoverTable zone={zone} venue={venue} coverage={c} />
              <div className="columns">
                <AlternativePanel key={zone.version} zone={zone} venue={venue} />
                <Panel title={t("out.title")}>
                  {(c.runs_out?.length ?? 0) === 0 ? (
                    <p className="muted">{t("out.none")}</p>
                  ) : (
                    <ul className="runs">
                      {c.runs_out?.map((o) => (
                        <li key={`${o.what} ${o.id}`}>
                          <RunsOutLine out={o} />
                        </li>
                      ))}
                    </ul>
                  )}
                </Panel>
                <Rests zone={zone} venue={venue} />
              </div>
            </>
          )}
        </Loaded>
      ) : (
        <Panel title={t(`kind.${zone.kind}`)} note={t(`kind.${zone.kind}.hint`)}>
          <Rows zone={zone} venue={venue} />
        </Panel>
      )}
    </>
  );
}

const approve: readonly Role[] = ["privacy_officer", "administrator"];
const stop: readonly Role[] = [
  "operator",
  "venue_owner",
  "inspector",
  "consent_officer",
  "privacy_officer",
  "administrator",
];

/** What keeps the zone from being live, each with where it is mended; and the step itself. */
function GoLive({ zone, venue, coverage }: { zone: Zone; venue: Venue; coverage: Coverage }) {
  const t = useTexts(zoneTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const of = { zone: zone.id, camera: zone.camera, ...(zone.scene ? { scene: zone.scene } : {}) };
  const n = useCount(coverage.reasons, of, venue);
  const params = { path: { id: zone.id } };
  const mine = zone.planners?.includes(session.id) ?? false;
  if (zone.state === "retired") return null;
  let step: ReactNode = null;
  if (zone.state === "draft" && holds(session, ["venue_owner"]))
    step = (
      <Decide
        tone="primary"
        label={t("plan.do")}
        title={t("plan.ask", { name: zone.id })}
        text={t("plan.ask.text")}
        of={of}
        venue={venue}
        run={async (reason) => {
          await client.POST("/v1/zones/{id}/plan", { params, body: { reason } });
          say(t("plan.done"));
          await reload();
        }}
      />
    );
  else if (zone.state !== "live" && holds(session, approve))
    step = mine ? (
      <p className="muted">{t("golive.mine")}</p>
    ) : (
      <Decide
        tone="primary"
        label={t("golive.do")}
        title={t("golive.ask", { name: zone.id })}
        text={t("golive.ask.text")}
        of={of}
        venue={venue}
        run={async (reason) => {
          await client.POST("/v1/zones/{id}/live", { params, body: { reason } });
          say(t("golive.done", { name: zone.id }));
          await reload();
        }}
      />
    );
  else if (zone.state !== "live") step = <p className="muted">{t("golive.who")}</p>;
  return (
    <Panel
      title={t("golive.title")}
      note={t("golive.note")}
      actions={
        zone.state !== "draft" ? (
          <LinkButton small to={`/zones/inspect/${zone.id}`}>
            {t("inspect.do")}
          </LinkButton>
        ) : null
      }
    >
      <div className="golive">
        {n === 0 ? (
          <p className="all-good">
            <Icon name="check" /> {t(zone.state === "live" ? "live" : "ready")}
          </p>
        ) : (
          <>
            <p className="lacking">{n === 1 ? t("missing.one") : t("missing", { n })}</p>
            <Missing reasons={coverage.reasons} of={of} venue={venue} />
          </>
        )}
        {step}
      </div>
    </Panel>
  );
}

function Ends({ zone }: { zone: Zone }) {
  const t = useTexts(zoneTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const params = { path: { id: zone.id } };
  return (
    <>
      {zone.state === "live" && holds(session, stop) ? (
        <Decide
          tone="danger"
          label={t("suspend.do")}
          title={t("suspend.ask", { name: zone.id })}
          text={t("suspend.ask.text")}
          of={{ zone: zone.id }}
          run={async (reason) => {
            await client.POST("/v1/zones/{id}/suspend", { params, body: { reason } });
            say(t("suspend.done", { name: zone.id }));
            await reload();
          }}
        />
      ) : null}
      {holds(session, ["venue_owner", "administrator"]) ? (
        <Decide
          tone="danger"
          label={t("retire.do")}
          title={t("retire.ask", { name: zone.id })}
          text={t("retire.ask.text")}
          of={{ zone: zone.id }}
          run={async (reason) => {
            await client.POST("/v1/zones/{id}/retire", { params, body: { reason } });
            say(t("retire.done", { name: zone.id }));
            await reload();
          }}
        />
      ) : null}
    </>
  );
}

function Rests({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  return (
    <Panel title={t("zone.facts")}>
      <Rows zone={zone} venue={venue} />
    </Panel>
  );
}

function Rows({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const day = useDay();
  const last = venue.inspections.find((i) => i.id === zone.inspection);
  return (
    <Facts
      rows={[
        [
          t("zone.camera"),
          <Link key="c" to={`/zones/cameras/${zone.camera}`}>
            {nameOf(venue.cameras, zone.camera)}
          </Link>,
        ],
        [
          t("zone.scene"),
          zone.scene ? (
            <Link key="s" to={`/zones/scenes/${zone.scene}`}>
              {zone.scene}
            </Link>
          ) : (
            ""
          ),
        ],
        [t("zone.planners"), zone.planners?.join(", ")],
        [
          t("zone.inspection"),
          last
            ? `${t("zone.until", { date: day(last.date), until: day(last.valid_until) })} · ${last.inspector}`
            : "",
        ],
        [t("zone.approver"), zone.approver],
        [
          t("zone.public"),
          zone.kind === "recognition" && zone.state !== "draft" ? (
            <a key="p" href={`/z/${zone.id}`} target="_blank" rel="noreferrer">
              {t("zone.public.open")}
            </a>
          ) : (
            ""
          ),
        ],
      ]}
    />
  );
}
