import type { ReactNode } from "react";
import { Link } from "react-router";
import { useTexts } from "../../i18n/texts";
import { SelectField, TextField } from "../../kit/fields";
import type { Venue } from "../data";
import { type Item, idPattern } from "../draw/items";
import { zoneTexts } from "../texts";
import { cameraTexts } from "../texts/camera";
import type { Attributes } from "./zonesave";

/** What is said of a zone beside its outline: its name, its scene, and the way round. */
export function ZoneFields(props: {
  item: Item;
  value: Attributes;
  old: boolean;
  taken: readonly string[];
  venue: Venue;
  readOnly: boolean;
  onChange: (a: Attributes) => void;
  children: ReactNode;
}) {
  const { item, value: a, readOnly, venue } = props;
  const t = useTexts(zoneTexts);
  const c = useTexts(cameraTexts);
  const scenes = venue.scenes.filter((s) => s.state !== "retired" || s.id === a.scene);
  const kind = item.zoneKind ?? "recognition";
  const set = (change: Partial<Attributes>) => props.onChange({ ...a, ...change });
  return (
    <div className="form">
      <h2>{props.old ? item.name : a.id}</h2>
      <p className="muted">{t(`kind.${kind}.hint`)}</p>
      {props.old ? null : (
        <TextField
          required
          mono
          label={c("draw.id")}
          hint={c("draw.id.hint")}
          value={a.id}
          error={!idPattern.test(a.id) ? t("id.bad") : props.taken.includes(a.id) ? t("id.taken") : undefined}
          onChange={(id) => set({ id })}
          maxLength={63}
        />
      )}
      {kind === "recognition" ? (
        <>
          {scenes.length === 0 ? (
            <div className="note warn">
              <div>
                {c("draw.scene.none")} <Link to="/zones/scenes">{c("draw.scene.go")}</Link>
              </div>
            </div>
          ) : (
            <SelectField
              required
              disabled={readOnly}
              label={c("draw.scene")}
              value={a.scene}
              onChange={(scene) => set({ scene })}
              options={scenes.map((s) => ({ value: s.id, label: s.id }))}
            />
          )}
          <AlternativeFields value={a} readOnly={readOnly} onChange={set} hint={c("draw.alt.hint")} />
        </>
      ) : null}
      {props.children}
    </div>
  );
}

/** The way through without recognition. */
export function AlternativeFields(props: {
  value: Pick<Attributes, "way" | "words">;
  readOnly: boolean;
  onChange: (a: Partial<Attributes>) => void;
  hint?: string;
}) {
  const t = useTexts(zoneTexts);
  return (
    <>
      <SelectField
        disabled={props.readOnly}
        label={t("alt.title")}
        hint={props.hint}
        value={props.value.way}
        onChange={(way) => props.onChange({ way })}
        options={(["staffed", "card", "password"] as const).map((k) => ({ value: k, label: t(`alt.${k}`) }))}
      />
      <TextField
        disabled={props.readOnly}
        label={t("alt.text")}
        hint={t("alt.hint")}
        value={props.value.words}
        onChange={(words) => props.onChange({ words })}
        maxLength={300}
      />
    </>
  );
}
