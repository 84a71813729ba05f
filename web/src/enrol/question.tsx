import { useId, useState } from "react";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { CheckField } from "../kit/fields";
import { enrol } from "./texts";
import type { Purpose } from "./types";

/**
 * One purpose, asked by itself. Both answers look the same, stand side by side,
 * and neither is chosen beforehand.
 */
export function Question(props: {
  purpose: Purpose;
  zones: readonly string[];
  busy: boolean;
  onYes: () => void;
  onNo: () => void;
  /** On the web a person ticks a box before they agree; it is never ticked beforehand. */
  tick?: boolean;
  level?: 1 | 2;
}) {
  const t = useTexts(enrol);
  const id = useId();
  const { purpose } = props;
  const [ticked, setTicked] = useState(false);
  const Head = props.level === 1 ? "h1" : "h2";
  return (
    <section className="question" aria-labelledby={id}>
      <Head id={id}>{t(`ask.${purpose}`)}</Head>
      <p className="question-note">{t("q.sensitive")}</p>
      <dl>
        <dt>{t("q.what")}</dt>
        <dd>{t(`what.${purpose}`)}</dd>
        <dt>{t("q.where")}</dt>
        <dd>{new Intl.ListFormat(t.lang).format(props.zones.map((z) => t("zone.name", { zone: z })))}</dd>
        <dt>{t("q.data")}</dt>
        <dd>{t(`data.${purpose}`)}</dd>
        <dt>{t("q.until")}</dt>
        <dd>{t(purpose === "raw_image" ? "q.untilMonth" : "q.untilYear")}</dd>
        <dt>{t("q.back")}</dt>
        <dd>{t("q.backText")}</dd>
      </dl>
      {props.tick ? <CheckField label={t("q.tick")} value={ticked} onChange={setTicked} /> : null}
      <Answers
        busy={props.busy}
        disabled={Boolean(props.tick) && !ticked}
        onYes={props.onYes}
        onNo={props.onNo}
      />
    </section>
  );
}

/** The two answers. They share one style: declining is as easy as agreeing. */
export function Answers(props: {
  busy: boolean;
  disabled?: boolean;
  onYes: () => void;
  onNo: () => void;
  yes?: string;
  no?: string;
}) {
  const t = useTexts(enrol);
  return (
    <div className="answers">
      <Button onPress={props.onYes} disabled={props.busy || (props.disabled ?? false)}>
        {props.yes ?? t("q.yes")}
      </Button>
      <Button onPress={props.onNo} disabled={props.busy}>
        {props.no ?? t("q.no")}
      </Button>
    </div>
  );
}
