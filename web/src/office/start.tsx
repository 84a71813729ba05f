import { Link } from "react-router";
import { useAll } from "../api/all";
import { api } from "../api/client";
import { deskOf } from "../desks/desks";
import { nameTexts } from "../duties/names";
import { useWords } from "../i18n/i18n";
import { type Teller, useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Unread } from "../kit/failure";
import { PageHead, Panel } from "../kit/page";
import { Due } from "../kit/time";
import { useSession } from "../session/session";
import { Icon } from "../ui/icons";
import { Empty, Loading, useNow } from "../ui/parts";
import { officeTexts } from "./texts";
import { type Need, needs } from "./today";

const often = { refetchInterval: 30_000 };

/** What needs the office today, the most pressing first. */
export function Start() {
  const t = useTexts(officeTexts);
  const names = useTexts(nameTexts);
  const { session } = useSession();
  const now = useNow();
  const read = {
    requests: api.useQuery(
      "get",
      "/v1/rights/requests",
      { params: { query: { open: true, limit: 200 } } },
      often,
    ),
    incidents: useAll("/v1/incidents"),
    assessments: useAll("/v1/assessments"),
    scenes: useAll("/v1/scenes"),
    notices: api.useQuery("get", "/v1/notices"),
    filings: useAll("/v1/filings"),
    zones: useAll("/v1/zones"),
    inspections: useAll("/v1/inspections"),
    components: useAll("/v1/components"),
    exits: useAll("/v1/exit-plans"),
    census: api.useQuery("get", "/v1/census"),
    kill: api.useQuery("get", "/v1/kill", {}, often),
  };
  const about = (n: Need): string => {
    if (n.kind.startsWith("request")) return names.code("type", n.about);
    if (n.kind.startsWith("incident"))
      return names.code("class", n.about) + (n.drill ? ` · ${t("today.drill")}` : "");
    if (n.kind.startsWith("filing")) return names.code("filing", n.about);
    return n.kind === "census" ? t.code("census", n.about) : n.about;
  };
  const all = Object.values(read);
  if (all.every((q) => q.isPending)) return <Loading rows={8} page />;
  const failed = all.filter((q) => q.error);
  const again = () => {
    for (const q of failed) void q.refetch();
  };
  const list = needs(
    {
      me: session.id,
      roles: session.roles,
      requests: read.requests.data?.requests,
      incidents: read.incidents.data,
      assessments: read.assessments.data,
      scenes: read.scenes.data,
      notices: read.notices.data?.notices,
      filings: read.filings.data,
      zones: read.zones.data,
      inspections: read.inspections.data,
      components: read.components.data,
      exits: read.exits.data,
      census: read.census.data,
      kill: read.kill.data,
    },
    now,
  );
  const requests = read.requests.data?.requests;
  const late = requests?.filter((r) => Date.parse(r.deadline) < now).length ?? 0;
  const incidents = read.incidents.data?.filter((i) => i.state !== "closed").length;
  const drafts =
    read.assessments.data && read.notices.data
      ? list.filter((n) => /^(assessment|notice)\.(approve|waits)$/.test(n.kind)).length
      : undefined;
  return (
    <>
      <PageHead title={t("today.title")} lead={t("today.lead")} />
      {failed.length > 0 && list.length > 0 ? (
        <div className="note warn" role="status">
          <Icon name="warn" />
          <div>{t("today.part", { n: failed.length, all: all.length })}</div>
          <Button small onPress={again}>
            {t("today.again")}
          </Button>
        </div>
      ) : null}
      <div className="tallies">
        <Tally to="/office/rights" name={t("today.requests")} n={requests?.length} bad={late > 0}>
          {late > 0 ? t("today.requests.late", { n: late }) : ""}
        </Tally>
        <Tally to="/office/incidents" name={t("today.incidents")} n={incidents} bad={(incidents ?? 0) > 0} />
        <Tally to="/office/assessments" name={t("today.drafts")} n={drafts} />
        <People census={read.census.data} t={t} />
      </div>
      <Panel title={t("today.list")}>
        {list.length === 0 && failed.length > 0 ? (
          <Unread error={failed[0]?.error} onRetry={again} />
        ) : list.length === 0 ? (
          <Empty icon="check" title={t("today.none")}>
            {t("today.none.text")}
          </Empty>
        ) : (
          <ul className="needs">
            {list.map((n) => (
              <li key={`${n.kind} ${n.to ?? ""} ${n.about}`} className={n.tone}>
                <Icon name={n.tone === "bad" ? "warn" : n.due ? "clock" : "info"} />
                {n.to ? (
                  <Link to={n.to} reloadDocument={deskOf(n.to)?.document ?? false}>
                    {t(`n.${n.kind}`, { about: about(n) })}
                  </Link>
                ) : (
                  <span>
                    {t(`n.${n.kind}`, { about: about(n) })}
                    <small>{t.code("whose", n.kind)}</small>
                  </span>
                )}
                {n.due ? <Due at={n.due} /> : null}
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

function Tally(props: { to: string; name: string; n: number | undefined; bad?: boolean; children?: string }) {
  const w = useWords();
  return (
    <Link to={props.to} className={`tally panel${props.bad ? " bad" : ""}`}>
      <span className="tally-n num">{props.n === undefined ? "–" : w.number(props.n)}</span>
      <span className="tally-name">{props.name}</span>
      {props.children ? <span className="tally-more">{props.children}</span> : null}
    </Link>
  );
}

function People(props: {
  census: { enrolled: number; limit: number } | undefined;
  t: Teller<keyof (typeof officeTexts)["en"]>;
}) {
  const { census, t } = props;
  return (
    <Tally to="/office/filings" name={t("today.people")} n={census?.enrolled}>
      {census ? (census.limit > 0 ? t("today.limit", { n: census.limit }) : t("today.nolimit")) : ""}
    </Tally>
  );
}
