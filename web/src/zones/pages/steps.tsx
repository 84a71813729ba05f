import { Link } from "react-router";
import { useTexts } from "../../i18n/texts";
import { Chip } from "../../kit/page";
import { standing, type Venue } from "../data";
import { zoneTexts } from "../texts";

const names = ["site", "plan", "camera", "scene", "zone", "entrances", "signs", "inspect", "live"] as const;
type Step = (typeof names)[number];

/** Which steps to a live zone are done, and where each is done. */
export function stepsOf(v: Venue): { name: Step; done: boolean; to: string }[] {
  const zone = standing(v.zones).find((z) => z.kind === "recognition");
  const mine = v.entrances.filter((e) => e.zone === zone?.id);
  const camera = v.policies.find((c) => c.checklist?.id && (c.pose || c.pose_assumed));
  const first = v.policies[0]?.id ?? v.cameras[0]?.id;
  const plan = v.plans[0] ? `/zones/plan/${v.plans[0].id}` : "/zones/plan/new";
  const onPlan = zone && v.plans[0] ? `${plan}?zone=${zone.id}` : plan;
  const signed =
    mine.length > 0 &&
    mine.every((e) => v.signs.some((s) => s.entrance === e.id && s.kind === "face_recognition"));
  const state = zone?.state;
  const page = zone ? `/zones/zone/${zone.id}` : "/zones";
  return [
    { name: "site", done: v.site !== undefined, to: "/zones#site" },
    { name: "plan", done: v.plans.length > 0, to: plan },
    { name: "camera", done: camera !== undefined, to: first ? `/zones/cameras/${first}` : "/zones/cameras" },
    { name: "scene", done: v.scenes.some((s) => s.state !== "retired"), to: "/zones/scenes" },
    { name: "zone", done: zone !== undefined, to: first ? `/zones/draw/${first}` : "/zones/cameras" },
    { name: "entrances", done: mine.some((e) => e.position), to: onPlan },
    { name: "signs", done: signed && state !== "draft", to: signed ? page : onPlan },
    {
      name: "inspect",
      done: state === "inspected" || state === "live" || state === "suspended",
      to: zone ? `/zones/inspect/${zone.id}` : "/zones/inspect",
    },
    { name: "live", done: state === "live", to: page },
  ];
}

/** The guided way of a new owner from nothing to a live zone. */
export function Steps({ venue }: { venue: Venue }) {
  const t = useTexts(zoneTexts);
  const steps = stepsOf(venue);
  const next = steps.findIndex((s) => !s.done);
  return (
    <ol className="steps">
      {steps.map((s, i) => (
        <li key={s.name} className={s.done ? "done" : i === next ? "next" : "later"}>
          <span className="step-no" aria-hidden="true">
            {s.done ? "✓" : i + 1}
          </span>
          <div>
            <h3>{t(`step.${s.name}`)}</h3>
            <p>{t(`step.${s.name}.text`)}</p>
            {i === next && s.to !== "/zones#site" ? (
              <Link className="kit-button primary small" to={s.to}>
                {t("step.go")}
              </Link>
            ) : s.done && s.name !== "site" ? (
              <Link to={s.to}>
                {t("step.look")}
                <span className="hidden"> · {t(`step.${s.name}`)}</span>
              </Link>
            ) : null}
          </div>
          <Chip tone={s.done ? "good" : i === next ? "warn" : "muted"}>
            {t(s.done ? "steps.done" : i === next ? "steps.next" : "steps.later")}
          </Chip>
        </li>
      ))}
    </ol>
  );
}
