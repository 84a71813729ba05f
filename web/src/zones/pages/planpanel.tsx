import type { ReactNode } from "react";
import { Link } from "react-router";
import { useTexts } from "../../i18n/texts";
import { SelectField, TextField } from "../../kit/fields";
import { NumberCell } from "../draw/corners";
import type { Drawing } from "../draw/drawing";
import { find, type Item, put } from "../draw/items";
import { zoneTexts } from "../texts";
import { planTexts } from "../texts/plan";

/** What can be said of the chosen thing on a plan. */
export function PlanPanel(props: {
  item: Item;
  drawing: Drawing;
  readOnly: boolean;
  saved: boolean;
  children: ReactNode;
}) {
  const { item, drawing, readOnly } = props;
  const t = useTexts(zoneTexts);
  const p = useTexts(planTexts);
  const edit = (change: Partial<Item>, gesture = "") =>
    drawing.change((d) => {
      const now = find(d, item.key);
      return now ? put(d, { ...now, ...change }) : d;
    }, gesture);
  const aim = item.aim;
  return (
    <div className="form">
      <h2>
        {item.name} {props.saved ? null : <small>{p("thing.new")}</small>}
      </h2>
      {item.type === "entrance" ? (
        <TextField
          label={p("ent.name")}
          hint={p("ent.name.hint")}
          value={item.name}
          disabled={readOnly}
          maxLength={100}
          onChange={(name) => edit({ name }, `name ${item.key}`)}
        />
      ) : null}
      {item.type === "sign" ? (
        <>
          <p>{item.signKind ? t(`sign.${item.signKind}`) : null}</p>
          <SelectField
            label={p("sign.at")}
            value={item.entrance ?? ""}
            disabled={readOnly}
            onChange={(entrance) => edit({ entrance })}
            options={drawing.doc
              .filter((i) => i.type === "entrance" && i.zone === item.zone)
              .map((i) => ({ value: i.id, label: i.name }))}
          />
          {props.saved ? (
            <Link to={`/zones/sign/${item.id}`}>{p("sign.open")}</Link>
          ) : (
            <p className="muted">{p("sign.new")}</p>
          )}
        </>
      ) : null}
      {item.type === "camera" && aim ? (
        <div className="aim-fields">
          {(
            [
              ["cam.direction", "direction", 1, 0, 360],
              ["cam.angle", "angle", 1, 1, 360],
              ["cam.reach", "reach", 0.1, 0.5, 500],
            ] as const
          ).map(([label, key, step, min, max]) => (
            <div key={key}>
              <span aria-hidden="true">{p(label)}</span>
              <NumberCell
                label={p(label)}
                value={aim[key]}
                step={step}
                disabled={readOnly}
                onSet={(v) => edit({ aim: { ...aim, [key]: Math.min(Math.max(v, min), max) } })}
              />
            </div>
          ))}
        </div>
      ) : null}
      {item.type === "zone" ? (
        <Link to={`/zones/zone/${item.id}`}>{t("open.zone", { name: item.name })}</Link>
      ) : null}
      {props.children}
    </div>
  );
}
