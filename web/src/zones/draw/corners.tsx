import { useState } from "react";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Icon } from "../../ui/icons";
import { drawTexts } from "../texts/draw";
import type { Drawing } from "./drawing";
import { type Frame, settle } from "./geometry";
import { type Item, insertCorner, moveCorner, removeCorner } from "./items";

/** The same corners as numbers: another way to read and to set them. */
export function Corners(props: { item: Item; drawing: Drawing; frame: Frame; unit: "picture" | "metres" }) {
  const { item, drawing, frame } = props;
  const t = useTexts(drawTexts);
  return (
    <details className="corners">
      <summary>{t("corners.title", { n: item.points.length })}</summary>
      <table>
        <caption className="hidden">{t("corners.title", { n: item.points.length })}</caption>
        <thead>
          <tr>
            <th scope="col">{t("corners.no")}</th>
            <th scope="col">{t(props.unit === "metres" ? "corners.x.m" : "corners.x")}</th>
            <th scope="col">{t(props.unit === "metres" ? "corners.y.m" : "corners.y")}</th>
            <th scope="col">
              <span className="hidden">{t("corners.acts")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {item.points.map((p, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its number
            <tr key={i}>
              <th scope="row">{i + 1}</th>
              {([0, 1] as const).map((axis) => (
                <td key={axis}>
                  <NumberCell
                    label={t(axis === 0 ? "corners.xOf" : "corners.yOf", { n: i + 1 })}
                    value={p[axis]}
                    step={frame.step}
                    disabled={item.fixed ?? false}
                    onSet={(v) =>
                      drawing.change((d) =>
                        moveCorner(d, item.key, i, settle(axis === 0 ? [v, p[1]] : [p[0], v], frame), frame),
                      )
                    }
                  />
                </td>
              ))}
              <td>
                {item.type === "zone" && !item.fixed ? (
                  <>
                    <Button
                      small
                      tone="quiet"
                      label={t("corners.insert", { n: i + 1 })}
                      onPress={() => drawing.change((d) => insertCorner(d, item.key, i, frame))}
                    >
                      +
                    </Button>
                    <Button
                      small
                      tone="quiet"
                      disabled={item.points.length <= 3}
                      label={t("corners.remove", { n: i + 1 })}
                      onPress={() => drawing.change((d) => removeCorner(d, item.key, i))}
                    >
                      <Icon name="close" size={12} />
                    </Button>
                  </>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** A number that takes effect when it is left or confirmed, so that half a number moves nothing. */
export function NumberCell(props: {
  label: string;
  value: number;
  step: number;
  disabled?: boolean;
  onSet: (v: number) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const set = () => {
    const v = Number(typed);
    if (typed !== undefined && typed.trim() !== "" && Number.isFinite(v)) props.onSet(v);
    setTyped(undefined);
  };
  return (
    <input
      type="number"
      aria-label={props.label}
      step={props.step}
      disabled={props.disabled}
      value={typed ?? String(Math.round(props.value * 1000) / 1000)}
      onChange={(e) => setTyped(e.target.value)}
      onBlur={set}
      onKeyDown={(e) => {
        if (e.key === "Enter") set();
      }}
    />
  );
}
