import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useTexts } from "../i18n/texts";
import { type Column, DataTable } from "../kit/table";
import type { Answer, ColumnType, Row } from "./answer";
import { Cell } from "./cell";
import { columnTexts } from "./columntexts";
import { auditTexts } from "./texts";

const few = 100;
const height = 36; // of a row, in pixels

const isNumber = (type: ColumnType) => type === "int" || type === "float" || type === "count";

/** An answer's rows: a plain table for few, only what is in sight for many. */
export function Grid({ answer }: { answer: Answer }) {
  const c = useTexts(columnTexts);
  const t = useTexts(auditTexts);
  if (answer.rows.length > few) return <LongGrid answer={answer} />;
  const columns: Column<[number, Row]>[] = answer.columns.map((col) => ({
    key: col.name,
    title: c.code("c", col.name),
    number: isNumber(col.type),
    cell: ([, row]) => <Cell name={col.name} type={col.type} value={row[col.name] ?? null} />,
    sort: ([, a], [, b]) => order(a[col.name] ?? null, b[col.name] ?? null),
  }));
  return (
    <DataTable
      caption={t("table.label")}
      columns={columns}
      rows={answer.rows.map((r, i) => [i, r] as [number, Row])}
      rowKey={([i]) => String(i)}
    />
  );
}

function order(a: string | number | null, b: string | number | null): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "") < String(b ?? "") ? -1 : String(a ?? "") > String(b ?? "") ? 1 : 0;
}

/** Rows in sight between two spacers, so that a hundred thousand scroll as ten do. */
function LongGrid({ answer }: { answer: Answer }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: answer.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <p className="audit-note">{t("table.sort", { n: answer.rows.length })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys */}
      <section ref={box} className="table-box audit-grid" aria-label={t("table.label")} tabIndex={0}>
        <table aria-rowcount={answer.rows.length + 1}>
          <caption className="hidden">{t("table.label")}</caption>
          <thead>
            <tr aria-rowindex={1}>
              {answer.columns.map((col) => (
                <th key={col.name} scope="col" className={isNumber(col.type) ? "number" : undefined}>
                  {c.code("c", col.name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Spacer height={above} />
            {items.map((item) => {
              const row = answer.rows[item.index] as Row;
              return (
                <tr key={item.key} aria-rowindex={item.index + 2} style={{ height }}>
                  {answer.columns.map((col) => (
                    <td key={col.name} className={isNumber(col.type) ? "number" : undefined}>
                      <Cell name={col.name} type={col.type} value={row[col.name] ?? null} />
                    </td>
                  ))}
                </tr>
              );
            })}
            <Spacer height={below} />
          </tbody>
        </table>
      </section>
    </>
  );
}

function Spacer({ height }: { height: number }) {
  return height > 0 ? <tr style={{ height }} /> : null;
}
