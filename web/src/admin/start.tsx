import { useState } from "react";
import { useAll } from "../api/all";
import { api } from "../api/client";
import { deskTexts } from "../desks/texts";
import { Reasons } from "../duties/reasons";
import { useTexts } from "../i18n/texts";
import { LinkButton } from "../kit/button";
import { Failure, Unread } from "../kit/failure";
import { SelectField } from "../kit/fields";
import { Chip, PageHead, Panel } from "../kit/page";
import { useSession } from "../session/session";
import { Icon, type IconName } from "../ui/icons";
import { Loading } from "../ui/parts";
import { useAccounts } from "./accounts";
import { furthest, type Step, type StepName, type StepState, stepsOf, wayTo } from "./steps";
import { adminTexts } from "./texts";

const groups: readonly (readonly [
  name: "prepare" | "place" | "permit" | "begin",
  steps: readonly StepName[],
])[] = [
  ["prepare", ["accounts", "site", "camera"]],
  ["place", ["plan", "scene", "zone", "place", "signs", "inspection"]],
  ["permit", ["assessment", "review", "notice", "filing"]],
  ["begin", ["enable", "live"]],
];

/** The guided way from an empty installation to a zone that may be used. */
export function Start() {
  const t = useTexts(adminTexts);
  const { session } = useSession();
  const [followed, setFollowed] = useState("");
  const accounts = useAccounts();
  const sites = useAll("/v1/sites");
  const cameras = api.useQuery("get", "/v1/cameras", {}, { refetchInterval: 5000 });
  const plans = useAll("/v1/floorplans");
  const scenes = useAll("/v1/scenes");
  const zones = useAll("/v1/zones");
  const zone = zones.data?.find((z) => z.id === followed) ?? furthest(zones.data);
  const coverage = api.useQuery(
    "get",
    "/v1/zones/{id}/coverage",
    { params: { path: { id: zone?.id ?? "" } } },
    { enabled: zone !== undefined, refetchInterval: 10_000 },
  );
  const asked = [sites, cameras, plans, scenes, zones];
  const error = asked.find((q) => q.error)?.error;
  if (asked.some((q) => q.isPending) || (zone && coverage.isPending)) return <Loading rows={8} page />;
  if (error && asked.some((q) => q.data === undefined))
    return (
      <Unread
        error={error}
        page
        onRetry={() => {
          for (const q of asked) if (q.error) void q.refetch();
        }}
      />
    );
  const steps = stepsOf({
    demo: session.demo,
    accounts: accounts.data,
    sites: sites.data,
    cameras: cameras.data?.cameras,
    plans: plans.data,
    scenes: scenes.data,
    zones: zone ? [zone] : zones.data,
    coverage: coverage.data,
  });
  const done = steps.filter((s) => s.state === "done").length;
  const choices = (zones.data ?? []).filter((z) => z.kind === "recognition" && z.state !== "retired");
  return (
    <>
      <PageHead title={t("start.title")} lead={t("start.lead")} />
      {error ? <Failure error={error} old /> : null}
      <section className="way-head panel" aria-label={t("start.progress", { done, all: steps.length })}>
        <div>
          <strong className="way-count">{t("start.progress", { done, all: steps.length })}</strong>
          <progress className="way-bar" value={done} max={steps.length} aria-label={t("page.start")} />
        </div>
        {choices.length > 1 ? (
          <SelectField
            label={t("start.follow")}
            value={zone?.id ?? ""}
            onChange={setFollowed}
            options={choices.map((z) => ({ value: z.id, label: z.id }))}
          />
        ) : zone ? (
          <span className="way-zone">{t("start.zone", { zone: zone.id })}</span>
        ) : null}
      </section>
      {zone && done === steps.length ? (
        <div className="note good">
          <Icon name="check" />
          <div>{t("start.done", { zone: zone.id })}</div>
          <LinkButton small to="/">
            {t("start.live")}
          </LinkButton>
        </div>
      ) : null}
      {groups.map(([name, members]) => (
        <Panel key={name} title={t(`group.${name}`)}>
          <ol className="way">
            {members.map((m) => {
              const step = steps.find((s) => s.name === m);
              return step ? <StepRow key={m} step={step} n={steps.indexOf(step) + 1} /> : null;
            })}
          </ol>
        </Panel>
      ))}
    </>
  );
}

const marks: Readonly<Record<StepState, { tone: "good" | "warn" | "muted"; icon?: IconName }>> = {
  done: { tone: "good", icon: "check" },
  now: { tone: "warn" },
  later: { tone: "muted" },
  unknown: { tone: "muted", icon: "help" },
};

function StepRow({ step, n }: { step: Step; n: number }) {
  const t = useTexts(adminTexts);
  const roles = useTexts(deskTexts);
  const { session } = useSession();
  const mark = marks[step.state];
  const at = wayTo(step, session);
  return (
    <li className={`way-step ${step.state}`}>
      <span className="way-mark" aria-hidden="true">
        {mark.icon ? <Icon name={mark.icon} /> : n}
      </span>
      <div className="way-text">
        <div className="way-title">
          <h3>{t(`s.${step.name}`)}</h3>
          <Chip tone={mark.tone}>{t(`state.${step.state}`)}</Chip>
        </div>
        <p>{t(`t.${step.name}`)}</p>
        {step.state !== "done" && step.roles.length > 0 ? (
          <p>
            {t("step.roles")} {step.roles.map((r) => roles(`role.${r}`)).join(t.lang === "en" ? ", " : "、")}
          </p>
        ) : null}
        {step.state !== "done" && step.reasons.length > 0 ? (
          <Reasons list={step.reasons} links={at !== undefined} />
        ) : null}
      </div>
      <div className="way-do">
        <small>
          {t("step.by")} · {step.by.map((r) => roles(`role.${r}`)).join(" / ")}
        </small>
        {at ? (
          <LinkButton small tone={step.state === "now" ? "primary" : "plain"} to={at}>
            {t("step.go")}
          </LinkButton>
        ) : step.state === "done" ? null : (
          <small>{t(session.demo ? "step.demo" : "step.other")}</small>
        )}
      </div>
    </li>
  );
}
