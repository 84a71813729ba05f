import type { Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Panel } from "../kit/page";
import { Icon } from "../ui/icons";
import { gateTexts } from "./gatetexts";

type Condition = Schemas["AuditorCondition"];

// The conditions by what they speak of; bits in policy/bits.go.
const groups = {
  rules: [0, 7],
  place: [8, 12],
  face: [13, 17],
  person: [18, 24],
  match: [25, 27],
  show: [28, 31],
} as const;

/** Each condition of the gate in words, and whether it held. */
export function GatePanel({ conditions }: { conditions: readonly Condition[] }) {
  const t = useTexts(gateTexts);
  if (conditions.length === 0)
    return (
      <Panel title={t("title")}>
        <p className="audit-note">{t("none")}</p>
      </Panel>
    );
  const needed = conditions.filter((c) => c.needed);
  const missing = needed.filter((c) => !c.held);
  return (
    <Panel title={t("title")}>
      <p>
        <span className={`state ${missing.length === 0 ? "good" : "bad"}`}>
          <Icon name={missing.length === 0 ? "check" : "warn"} />
          {missing.length === 0
            ? t("all.held", { n: needed.length })
            : t("some.missing", { n: missing.length, all: needed.length })}
        </span>
      </p>
      {(Object.keys(groups) as (keyof typeof groups)[]).map((g) => (
        <section key={g} className="audit-gate">
          <h3>{t(`group.${g}`)}</h3>
          <ul>
            {conditions
              .filter((c) => c.bit >= groups[g][0] && c.bit <= groups[g][1])
              .map((c) => (
                <ConditionLine key={c.bit} condition={c} />
              ))}
          </ul>
        </section>
      ))}
    </Panel>
  );
}

function ConditionLine({ condition: c }: { condition: Condition }) {
  const t = useTexts(gateTexts);
  const words = t.code("bit", String(c.bit));
  const state = c.held ? "held" : c.needed ? "missed" : "unneeded";
  const tone = { held: "good", missed: "bad", unneeded: "quiet" }[state];
  return (
    <li className={`state ${tone}`}>
      <Icon name={c.held ? "check" : c.needed ? "close" : "info"} />
      <span>
        {words === String(c.bit) ? c.text : words}
        {c.held ? <span className="hidden"> – {t("held")}</span> : <em> – {t(state)}</em>}
      </span>
    </li>
  );
}
