import { Link } from "react-router";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { PageHead, Panel } from "../../kit/page";
import { holds, useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { Empty, Loading } from "../../ui/parts";
import { nameOf, standing, useCoverage, useVenue, type Venue, type Zone } from "../data";
import { daysLeft, RunsOutLine, StateChip, soon } from "../kindof";
import { Missing, useCount } from "../problem";
import { zoneTexts } from "../texts";
import { Glance } from "./glance";
import { SiteForm } from "./siteform";
import { Steps, stepsOf } from "./steps";

/** The site at one look; for a new owner the way to the first live zone. */
export function Overview() {
  const t = useTexts(zoneTexts);
  const venue = useVenue();
  const { session } = useSession();
  const first = venue.data?.policies[0]?.id ?? venue.data?.cameras[0]?.id;
  return (
    <>
      <PageHead
        title={venue.data?.site ? `${t("title")} · ${venue.data.site.name}` : t("title")}
        lead={t("lead")}
        actions={
          venue.data && venue.data.zones.length > 0 && first && holds(session, ["venue_owner"]) ? (
            <LinkButton tone="primary" to={`/zones/draw/${first}`}>
              {t("zones.add")}
            </LinkButton>
          ) : null
        }
      />
      <Loaded query={venue} rows={8}>
        {(v) => <Content venue={v} />}
      </Loaded>
    </>
  );
}

function Content({ venue }: { venue: Venue }) {
  const t = useTexts(zoneTexts);
  const { session } = useSession();
  const zones = standing(venue.zones);
  const finished = stepsOf(venue).every((s) => s.done);
  const owner = holds(session, ["venue_owner", "administrator"]);
  return (
    <>
      {!venue.site && owner ? <SiteForm /> : null}
      {finished ? null : (
        <Panel title={t("steps.title")} note={t("steps.lead")}>
          <Steps venue={venue} />
        </Panel>
      )}
      {zones.length > 0 ? (
        <section aria-label={t("zones.mine")}>
          <ul className="zone-cards">
            {zones.toSorted(byUrgency).map((z) => (
              <ZoneCard key={z.id} zone={z} venue={venue} />
            ))}
          </ul>
        </section>
      ) : venue.site && finished ? (
        <Empty icon="gate" title={t("zones.none")}>
          {t("zones.none.text")}
        </Empty>
      ) : null}
      {venue.plans.map((p) => (
        <Panel
          key={p.id}
          title={`${t("plan.glance")} · ${p.name}`}
          actions={
            <LinkButton small to={`/zones/plan/${p.id}`}>
              {t("plan.edit")}
            </LinkButton>
          }
        >
          <Glance plan={p} venue={venue} />
        </Panel>
      ))}
      {finished ? (
        <details className="panel fold">
          <summary>{t("steps.again")}</summary>
          <div className="panel-body">
            <Steps venue={venue} />
          </div>
        </details>
      ) : null}
    </>
  );
}

const order = ["suspended", "draft", "signs_planned", "inspected", "live"];

/** Recognition zones before others, those that wait before those that run. */
function byUrgency(a: Zone, b: Zone): number {
  const kind = Number(a.kind !== "recognition") - Number(b.kind !== "recognition");
  return kind || order.indexOf(a.state) - order.indexOf(b.state) || (a.id < b.id ? -1 : 1);
}

function ZoneCard({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const camera = nameOf(venue.cameras, zone.camera);
  return (
    <li className={`panel zone-card ${zone.kind} ${zone.state}`}>
      <div className="zone-card-head">
        <div>
          <h2>
            <Link to={`/zones/zone/${zone.id}`}>{zone.id}</Link>
          </h2>
          <small>{t("zone.lead", { kind: t(`kind.${zone.kind}`), camera })}</small>
        </div>
        <StateChip zone={zone} />
      </div>
      {zone.kind === "recognition" ? (
        <Standing zone={zone} venue={venue} />
      ) : (
        <p className="muted">{t(`kind.${zone.kind}.hint`)}</p>
      )}
    </li>
  );
}

const shown = 3;

/** What a zone still lacks, or that it lacks nothing; and what runs out next. */
function Standing({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const coverage = useCoverage(zone.id);
  const reasons = coverage.data?.reasons ?? [];
  const of = { zone: zone.id, camera: zone.camera, ...(zone.scene ? { scene: zone.scene } : {}) };
  const n = useCount(reasons, of, venue);
  if (!coverage.data) return coverage.error ? null : <Loading rows={2} />;
  const out = coverage.data.runs_out?.[0];
  return (
    <>
      {n === 0 ? (
        <p className="all-good">
          <Icon name="check" /> {t(zone.state === "live" ? "live" : "ready")}
        </p>
      ) : (
        <>
          <p className="lacking">{n === 1 ? t("missing.one") : t("missing", { n })}</p>
          <Missing reasons={reasons} of={of} venue={venue} most={shown} />
          {n > shown ? (
            <Link to={`/zones/zone/${zone.id}`}>{t("more.missing", { n: n - shown })}</Link>
          ) : null}
        </>
      )}
      {out && daysLeft(out.at) <= 6 * soon ? <RunsOutLine out={out} /> : null}
    </>
  );
}
