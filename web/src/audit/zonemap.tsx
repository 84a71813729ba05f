import { api } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import type { Answer } from "./answer";
import { byZone } from "./charting";
import { Figure } from "./charts";
import { columnTexts } from "./columntexts";
import { auditTexts } from "./texts";

type Corner = readonly [number, number];

/** How much happened where, on the floor plan. Each zone carries its figure; the shade only helps. */
export function ZoneMap({ answer }: { answer: Answer }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const w = useWords();
  const counts = byZone(answer);
  const wanted = { enabled: counts.size > 0, staleTime: 60_000 };
  const page = { params: { query: { limit: 200 } } };
  const { data: zones } = api.useQuery("get", "/v1/zones", page, wanted);
  const { data: plans } = api.useQuery("get", "/v1/floorplans", page, wanted);
  if (counts.size === 0 || !zones || !plans) return null;
  const most = Math.max(...counts.values(), 1);
  const placed = zones.items.flatMap((z) => {
    const n = counts.get(z.id);
    const outline = corners(z.floor);
    return n !== undefined && z.plan && outline.length > 2 ? [{ id: z.id, plan: z.plan, outline, n }] : [];
  });
  const elsewhere = [...counts.keys()].filter((id) => !placed.some((z) => z.id === id));
  return plans.items
    .filter((p) => !p.removed && placed.some((z) => z.plan === p.id))
    .map((p) => {
      const unit = Math.max(p.width_m, p.depth_m) / 100;
      return (
        <Figure
          key={p.id}
          title={`${t("chart.map")} · ${p.name}`}
          {...(elsewhere.length > 0 ? { note: t("chart.noplace", { zones: elsewhere.join(", ") }) } : {})}
          head={[c("c.zone_id"), c("c.count")]}
          rows={[...counts].map(([id, n]) => [id, id, w.number(n)])}
        >
          <svg
            viewBox={`${-unit} ${-unit} ${p.width_m + 2 * unit} ${p.depth_m + 2 * unit}`}
            className="audit-plan"
            aria-hidden="true"
          >
            <rect
              className="ground"
              x="0"
              y="0"
              width={p.width_m}
              height={p.depth_m}
              strokeWidth={unit / 2}
            />
            {(p.walls ?? []).map((wall) => {
              const [a, b] = corners(wall);
              return a && b ? (
                <line
                  key={`${a}${b}`}
                  className="wall"
                  x1={a[0]}
                  y1={a[1]}
                  x2={b[0]}
                  y2={b[1]}
                  strokeWidth={unit / 2}
                />
              ) : null;
            })}
            {placed
              .filter((z) => z.plan === p.id)
              .map((z) => {
                const [x, y] = middle(z.outline);
                return (
                  <g key={z.id}>
                    <polygon
                      className="heat"
                      points={z.outline.map((o) => o.join(",")).join(" ")}
                      fillOpacity={0.12 + 0.6 * (z.n / most)}
                      strokeWidth={unit / 2}
                    />
                    <text x={x} y={y} fontSize={unit * 5}>
                      {`${z.id} ${w.number(z.n)}`}
                    </text>
                  </g>
                );
              })}
          </svg>
        </Figure>
      );
    });
}

function corners(list: readonly (readonly number[] | null)[] | null | undefined): Corner[] {
  return (list ?? []).flatMap((p) =>
    p && p.length === 2 ? [[p[0] as number, p[1] as number] as const] : [],
  );
}

function middle(list: readonly Corner[]): Corner {
  const n = list.length;
  return [list.reduce((s, [x]) => s + x, 0) / n, list.reduce((s, [, y]) => s + y, 0) / n];
}
