import { useEffect, useState } from "react";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { FileField, TextArea } from "../../kit/fields";
import { photoURL } from "../data";
import type { Walking } from "../inspect/usewalk";
import { answer, checks, note, type Walk } from "../inspect/walk";
import { dataURL } from "../still";
import { inspectTexts } from "../texts/inspect";

/** What is looked at at one entrance, with large targets for a thumb. */
export function EntranceCheck(props: {
  entrance: string;
  title: string;
  walk: Walk;
  walking: Walking;
  next: (() => void) | undefined;
}) {
  const { entrance, walk, walking } = props;
  const t = useTexts(inspectTexts);
  return (
    <section className="panel walk-entrance" aria-label={props.title}>
      <h2>{props.title}</h2>
      {checks.map((c) => (
        <fieldset key={c} className="walk-check">
          <legend>{t(`check.${c}`)}</legend>
          {(["yes", "no"] as const).map((a) => (
            <label key={a} className={a}>
              <input
                type="radio"
                name={`${entrance} ${c}`}
                checked={walk.answers[entrance]?.[c] === a}
                onChange={() => walking.change((w) => answer(w, entrance, c, a))}
              />
              <span>
                {a === "yes" ? "✓" : "✕"} {t(a)}
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <Shot entrance={entrance} walk={walk} walking={walking} />
      <TextArea
        rows={2}
        label={t("note")}
        hint={t("note.hint")}
        maxLength={500}
        value={walk.notes[entrance] ?? ""}
        onChange={(v) => walking.change((w) => note(w, entrance, v))}
      />
      {props.next ? <Button onPress={props.next}>{t("go")} →</Button> : null}
    </section>
  );
}

function Shot({ entrance, walk, walking }: { entrance: string; walk: Walk; walking: Walking }) {
  const t = useTexts(inspectTexts);
  const shot = walk.shots[entrance];
  const [local, setLocal] = useState<string>();
  const { photo } = walking;
  const taken = shot?.taken;
  const sent = shot?.id;
  useEffect(() => {
    let left = false;
    setLocal(undefined);
    if (!taken || sent) return;
    void photo(entrance)
      .then((b) => (b ? dataURL(b) : undefined))
      .then((src) => {
        if (!left) setLocal(src);
      });
    return () => {
      left = true;
    };
  }, [photo, entrance, taken, sent]);
  const src = sent ? photoURL(sent) : local;
  return (
    <div className="walk-photo">
      <FileField
        capture
        label={t(shot ? "photo.again" : "photo")}
        hint={t("photo.hint")}
        accept="image/jpeg,image/png"
        error={shot?.refused ? t("photo.refused") : undefined}
        onChoose={(files) => {
          const file = files[0];
          if (file) void walking.take(entrance, file);
        }}
      />
      {shot && !shot.refused ? (
        <figure>
          {src ? <img src={src} alt={t("photo")} /> : null}
          <figcaption>
            <span role="status">
              {sent ? `✓ ${t("photo.sent", { n: shot.masked ?? 0 })}` : `○ ${t("photo.waiting")}`}
            </span>
          </figcaption>
        </figure>
      ) : null}
    </div>
  );
}
