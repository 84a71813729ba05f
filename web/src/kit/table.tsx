import { type ReactNode, useState } from "react";
import { useTexts } from "../i18n/texts";
import { Empty } from "../ui/parts";
import { Button } from "./button";
import { kit } from "./texts";

export interface Column<R> {
  key: string;
  title: string;
  cell: (row: R) => ReactNode;
  /** Makes the column sortable. */
  sort?: (a: R, b: R) => number;
  number?: boolean;
}

const step = 100;

/** Rows under headings, or cards where it is narrow. It sorts, scrolls within itself, and shows a hundred at a time. */
export function DataTable<R>(props: {
  caption: string;
  columns: readonly Column<R>[];
  rows: readonly R[];
  rowKey: (row: R) => string;
  empty?: ReactNode;
}) {
  const t = useTexts(kit);
  const [order, setOrder] = useState<{ key: string; down: boolean }>();
  const [shown, setShown] = useState(step);
  if (props.rows.length === 0) return props.empty ?? <Empty icon="info" title={t("empty")} />;
  const by = props.columns.find((c) => c.key === order?.key)?.sort;
  const rows = by ? props.rows.toSorted((a, b) => (order?.down ? by(b, a) : by(a, b))) : props.rows;
  return (
    <>
      {/* A group and no landmark: the panel around it often bears the same name. */}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset holds controls, this holds a table */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <div className="table-box cards" role="group" aria-label={props.caption} tabIndex={0}>
        <table>
          <caption className="hidden">{props.caption}</caption>
          <thead>
            <tr>
              {props.columns.map((c) => (
                <th
                  key={c.key}
                  scope="col"
                  className={c.number ? "number" : undefined}
                  aria-sort={order?.key === c.key ? (order.down ? "descending" : "ascending") : undefined}
                >
                  {c.sort ? (
                    <button
                      type="button"
                      className="sort"
                      onClick={() =>
                        setOrder({ key: c.key, down: order?.key === c.key ? !order.down : false })
                      }
                    >
                      {c.title}
                    </button>
                  ) : (
                    c.title
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={props.rowKey(row)}>
                {props.columns.map((c) => (
                  <td key={c.key} className={c.number ? "number" : undefined} data-label={c.title}>
                    <div>{c.cell(row)}</div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown ? (
        <div className="table-more">
          <span>{t("table.rows", { n: rows.length })}</span>
          <Button small onPress={() => setShown(shown + step)}>
            {t("table.more")}
          </Button>
        </div>
      ) : null}
    </>
  );
}
