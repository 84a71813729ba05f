import type { Point } from "./geometry";
import type { Snapped } from "./snap";

/** What is being drawn, the crosshair, and the guide of what it snapped to. */
export function Draft(props: {
  points: readonly Point[];
  cursor: Snapped | undefined;
  px: number;
  open: boolean;
  shown: boolean;
}) {
  const { points, cursor, px } = props;
  const at = cursor?.at;
  const all = at && props.shown ? [...points, at] : points;
  return (
    <g className="draft">
      {points.length > 0 ? <polyline points={all.map((p) => p.join(",")).join(" ")} /> : null}
      {props.open && all.length > 2 ? (
        <polygon className="draft-fill" points={all.map((p) => p.join(",")).join(" ")} />
      ) : null}
      {points.map((p, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: corners keep their order
        <circle key={i} cx={p[0]} cy={p[1]} r={(i === 0 && points.length > 2 ? 7 : 4) * px} />
      ))}
      {at && cursor.from ? (
        <line className="guide" x1={cursor.from[0]} y1={cursor.from[1]} x2={at[0]} y2={at[1]} />
      ) : null}
      {at && props.shown ? (
        <path
          className={`crosshair ${cursor.to}`}
          d={`M${at[0] - 12 * px} ${at[1]}h${24 * px}M${at[0]} ${at[1] - 12 * px}v${24 * px}`}
        />
      ) : null}
      {at && cursor.to !== "none" ? <circle className="snapped" cx={at[0]} cy={at[1]} r={8 * px} /> : null}
    </g>
  );
}
