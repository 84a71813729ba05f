import { memo } from "react";
import { distance, fieldOfView, type Point } from "./geometry";
import { type Doc, type Item, pairDistance } from "./items";

/** What is worth knowing of a thing at a glance: a word and how bad it is. */
export interface Mark {
  tone: "good" | "warn" | "bad";
  word: string;
}

interface Props {
  item: Item;
  px: number;
  selected: boolean;
  mark: Mark | undefined;
  hatch: string;
}

const path = (points: readonly Point[]): string => points.map((p) => p.join(",")).join(" ");

/** One thing as it is drawn. Lines keep their width whatever the zoom. */
export const Shape = memo(function Shape({ item, px, selected, mark, hatch }: Props) {
  const name = `thing ${item.type}${selected ? " selected" : ""}${item.fixed ? " fixed" : ""}`;
  const first = item.points[0];
  if (!first) return null;
  switch (item.type) {
    case "zone":
      return (
        <g className={`${name} ${item.zoneKind ?? ""}`} data-key={item.key}>
          <polygon points={path(item.points)} data-key={item.key} />
          {item.zoneKind === "prohibited" || item.zoneKind === "privacy" ? (
            <polygon className="hatch" points={path(item.points)} fill={`url(#${hatch})`} />
          ) : null}
        </g>
      );
    case "wall": {
      const [a, b] = [first, item.points[1] ?? first];
      return (
        <g className={name} data-key={item.key}>
          <line x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} className="wide" data-key={item.key} />
          <line x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} data-key={item.key} />
        </g>
      );
    }
    case "camera":
      return (
        <g className={name} data-key={item.key}>
          {item.aim ? (
            <polygon
              className="field"
              points={path(fieldOfView(first, item.aim.direction, item.aim.angle, item.aim.reach))}
            />
          ) : null}
          <Badge at={first} px={px} glyph="◉" item={item} />
        </g>
      );
    case "entrance":
      return (
        <g className={`${name} ${mark?.tone ?? ""}`} data-key={item.key}>
          <Badge at={first} px={px} glyph="⌂" item={item} />
        </g>
      );
    case "sign":
      return (
        <g className={`${name} ${item.signKind ?? ""} ${mark?.tone ?? ""}`} data-key={item.key}>
          <Badge at={first} px={px} glyph={signGlyph[item.signKind ?? "entrance_notice"]} item={item} small />
        </g>
      );
  }
});

/** One letter on a sign's mark; the legend says what each means. */
export const signGlyph = {
  monitoring: "M",
  face_recognition: "F",
  entrance_notice: "i",
  floor_marking: "▂",
} as const;

function Badge(props: { at: Point; px: number; glyph: string; item: Item; small?: boolean }) {
  const r = (props.small ? 10 : 12) * props.px;
  const [x, y] = props.at;
  return (
    <>
      {props.small ? (
        <rect x={x - r} y={y - r} width={2 * r} height={2 * r} rx={3 * props.px} data-key={props.item.key} />
      ) : (
        <circle cx={x} cy={y} r={r} data-key={props.item.key} />
      )}
      <text className="glyph" x={x} y={y} fontSize={12 * props.px} data-key={props.item.key}>
        {props.glyph}
      </text>
    </>
  );
}

/** Lines between the two signs that belong side by side, with their distance where it is too far. */
export function Pairs({ doc, px, metres }: { doc: Doc; px: number; metres: (m: number) => string }) {
  const faces = doc.filter((i) => i.type === "sign" && i.signKind === "face_recognition");
  return faces.map((face) => {
    const a = face.points[0];
    const near = doc
      .filter((i) => i.type === "sign" && i.signKind === "monitoring" && i.entrance === face.entrance)
      .map((i) => i.points[0])
      .filter((p): p is Point => p !== undefined)
      .toSorted((p, q) => (a ? distance(a, p) - distance(a, q) : 0))[0];
    if (!a || !near) return null;
    const apart = distance(a, near);
    const ok = apart <= pairDistance + 1e-3;
    return (
      <g key={face.key} className={`pair ${ok ? "good" : "bad"}`}>
        <line x1={a[0]} y1={a[1]} x2={near[0]} y2={near[1]} />
        {ok ? null : (
          <text x={(a[0] + near[0]) / 2} y={(a[1] + near[1]) / 2 - 6 * px} fontSize={12 * px}>
            ✕ {metres(apart)}
          </text>
        )}
      </g>
    );
  });
}
