import type { KeyboardEvent } from "react";
import type { Teller } from "../../i18n/texts";
import type { drawTexts } from "../texts/draw";
import { type Frame, type Point, settle } from "./geometry";
import { type Doc, find, type Item, insertCorner, moveCorner, put, removeCorner } from "./items";

type T = Teller<keyof (typeof drawTexts)["en"]>;

export const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Props {
  item: Item;
  px: number;
  frame: Frame;
  t: T;
  say: (text: string) => void;
  where: (p: Point) => string;
  change: (f: (doc: Doc) => Doc, gesture?: string) => void;
  /** The corner that pointer or keys hold, to show it. */
  held: number | undefined;
  leave: () => void;
}

/** The corners of the chosen thing. Each is a stop of the Tab key and moves by the arrows. */
export function Handles(props: Props) {
  const { item, px, t, where } = props;
  if (item.fixed) return null;
  return (
    <g className="handles">
      {item.points.map((p, i) => (
        <Corner
          // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its number; focus stays with it
          key={i}
          {...props}
          index={i}
          label={
            item.points.length > 1
              ? t("corner.label", { n: i + 1, of: item.points.length, name: item.name, at: where(p) })
              : t("place.label", { name: item.name, at: where(p) })
          }
        />
      ))}
      {item.type === "zone"
        ? item.points.map((p, i) => {
            const q = item.points[(i + 1) % item.points.length] as Point;
            return (
              <circle
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                key={`m${i}`}
                className="middle"
                cx={(p[0] + q[0]) / 2}
                cy={(p[1] + q[1]) / 2}
                r={5 * px}
                data-middle={i}
                data-key={item.key}
              />
            );
          })
        : null}
      {item.type === "camera" && item.aim ? <Aim {...props} /> : null}
    </g>
  );
}

function Corner(props: Props & { index: number; label: string }) {
  const { item, index, px, frame, t, say, where, change } = props;
  const [x, y] = item.points[index] as Point;
  const onKeyDown = (e: KeyboardEvent<SVGCircleElement>) => {
    const by = arrows[e.key];
    if (by) {
      const n = frame.step * (e.shiftKey ? 10 : 1);
      const to = settle([x + by[0] * n, y + by[1] * n], frame);
      change((d) => moveCorner(d, item.key, index, to, frame), `keys ${item.key} ${index}`);
      say(where(to));
    } else if (e.key === "Insert" || (e.key === "i" && !e.ctrlKey && !e.metaKey)) {
      change((d) => insertCorner(d, item.key, index, frame));
      say(t("said.inserted", { n: index + 2, of: item.points.length + 1 }));
      focusCorner(e.currentTarget, index + 1);
    } else if (e.key === "Delete" || e.key === "Backspace") {
      if (item.type !== "zone") return;
      if (item.points.length <= 3) say(t("said.three"));
      else {
        change((d) => removeCorner(d, item.key, index));
        say(t("said.removed", { n: index + 1, of: item.points.length - 1 }));
        focusCorner(e.currentTarget, Math.max(0, index - 1));
      }
    } else if (e.key === "Escape" || e.key === "Enter") {
      props.leave();
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no button in SVG
    <circle
      className={props.held === index ? "corner held" : "corner"}
      cx={x}
      cy={y}
      r={12 * px}
      tabIndex={0}
      role="button"
      aria-label={props.label}
      aria-roledescription={t("corner.role")}
      data-corner={index}
      data-key={item.key}
      onKeyDown={onKeyDown}
    />
  );
}

/** The focus follows once the corner is drawn. */
function focusCorner(from: SVGCircleElement, index: number) {
  const group = from.parentElement;
  requestAnimationFrame(() => group?.querySelector<SVGCircleElement>(`[data-corner="${index}"]`)?.focus());
}

/** Where the camera's aim is turned and lengthened. */
function Aim({ item, px, t, say, change }: Props) {
  const aim = item.aim;
  const [x, y] = item.points[0] as Point;
  if (!aim) return null;
  const rad = (aim.direction * Math.PI) / 180;
  const end: Point = [x + aim.reach * Math.cos(rad), y + aim.reach * Math.sin(rad)];
  const onKeyDown = (e: KeyboardEvent<SVGCircleElement>) => {
    const by = arrows[e.key];
    if (!by) return;
    const n = e.shiftKey ? 10 : 1;
    const next = {
      ...aim,
      direction: (aim.direction + by[0] * n + 360) % 360,
      reach: Math.round(Math.min(Math.max(aim.reach - by[1] * n * 0.1, 0.5), 500) * 10) / 10,
    };
    change((d) => {
      const now = find(d, item.key);
      return now ? put(d, { ...now, aim: next }) : d;
    }, `aim ${item.key}`);
    say(t("said.aim", { deg: Math.round(next.direction), reach: String(next.reach) }));
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <>
      <line className="aim" x1={x} y1={y} x2={end[0]} y2={end[1]} />
      {/* biome-ignore lint/a11y/useSemanticElements: there is no button in SVG */}
      <circle
        className="corner"
        cx={end[0]}
        cy={end[1]}
        r={12 * px}
        tabIndex={0}
        role="button"
        aria-label={t("aim.label", {
          name: item.name,
          deg: Math.round(aim.direction),
          reach: String(aim.reach),
        })}
        data-aim=""
        data-key={item.key}
        onKeyDown={onKeyDown}
      />
    </>
  );
}
