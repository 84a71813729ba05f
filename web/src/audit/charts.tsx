import { type ReactNode, useId } from "react";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { codes, momentText } from "./cell";
import type { Chart } from "./charting";
import { columnTexts } from "./columntexts";
import { auditTexts } from "./texts";

/** A small picture of an answer. Every figure in it stands in a table below it as well. */
export function ChartView({ chart }: { chart: Chart }) {
  switch (chart.kind) {
    case "time":
      return <TimeChart chart={chart} />;
    case "bars":
      return <Bars chart={chart} />;
    case "spans":
      return <Spans chart={chart} />;
    case "share":
      return <Share chart={chart} />;
  }
}

/** Heading, picture, and its figures as a table for who cannot or will not see it. */
export function Figure(props: {
  title: string;
  note?: string;
  head: readonly string[];
  rows: readonly (readonly [key: string, ...cells: string[]])[];
  children: ReactNode;
}) {
  const t = useTexts(auditTexts);
  const id = useId();
  return (
    <figure className="audit-figure" aria-labelledby={id}>
      <figcaption id={id}>
        {props.title}
        {props.note ? <small>{props.note}</small> : null}
      </figcaption>
      {props.children}
      <details>
        <summary>{t("chart.figures")}</summary>
        <table>
          <thead>
            <tr>
              {props.head.map((h) => (
                <th key={h} scope="col">
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {props.rows.map(([key, ...cells]) => (
              <tr key={key}>
                <th scope="row">{cells[0]}</th>
                {cells.slice(1).map((c, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells stand in the order of their columns
                  <td key={i}>{c}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

const width = 480;
const tall = 120;

function TimeChart({ chart }: { chart: Extract<Chart, { kind: "time" }> }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const w = useWords();
  const most = Math.max(...chart.points.map((p) => p.n), 1);
  const each = width / chart.points.length;
  const at = (ms: number) => momentText(new Date(ms).toISOString(), w.lang, chart.step);
  const first = chart.points[0];
  const last = chart.points.at(-1);
  return (
    <Figure
      title={t("chart.time")}
      note={t("chart.peak", { n: most, step: t(`chart.step.${chart.step}`) })}
      head={[c("c.ts"), c("c.count")]}
      rows={chart.points.filter((p) => p.n > 0).map((p) => [String(p.at), at(p.at), w.number(p.n)])}
    >
      <svg
        viewBox={`0 0 ${width} ${tall}`}
        className="audit-chart"
        aria-hidden="true"
        preserveAspectRatio="none"
      >
        <line className="axis" x1="0" y1={tall - 0.5} x2={width} y2={tall - 0.5} />
        {chart.points.map((p, i) => (
          <rect
            key={p.at}
            className="bar"
            x={i * each + (each > 3 ? 0.5 : 0)}
            width={Math.max(each - (each > 3 ? 1 : 0), 0.6)}
            y={tall - (p.n / most) * (tall - 4)}
            height={(p.n / most) * (tall - 4)}
          />
        ))}
      </svg>
      <div className="audit-ends" aria-hidden="true">
        <span>{first ? at(first.at) : ""}</span>
        <span>{last ? at(last.at) : ""}</span>
      </div>
    </Figure>
  );
}

function Bars({ chart }: { chart: Extract<Chart, { kind: "bars" }> }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const w = useWords();
  const most = Math.max(...chart.items.map((i) => i.n ?? 0), 1);
  const what = c.code("c", chart.by);
  const label = (text: string) => {
    if (text === "") return t("chart.none");
    const words = chart.by === "kind" ? "k" : chart.by === "action" ? "act" : codes.has(chart.by) ? "v" : "";
    return words ? c.code(words, text) : text;
  };
  const figure = (n: number | null) => (n === null ? "< 5" : w.number(n));
  return (
    <Figure
      title={t("chart.by", { what: w.lang === "en" ? what.toLowerCase() : what })}
      head={[what, c("c.count")]}
      rows={chart.items.map((i) => [i.label, label(i.label), figure(i.n)])}
    >
      <div className="audit-bars" aria-hidden="true">
        {chart.items.map((i) => (
          <div key={i.label}>
            <span>{label(i.label)}</span>
            <span className={`audit-bar${i.n === null ? " few" : ""}`}>
              <i style={{ width: `${i.n === null ? 4 : Math.max((i.n / most) * 100, 1)}%` }} />
            </span>
            <span className="num">{figure(i.n)}</span>
          </div>
        ))}
      </div>
    </Figure>
  );
}

function Spans({ chart }: { chart: Extract<Chart, { kind: "spans" }> }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const w = useWords();
  const length = Math.max(chart.to - chart.from, 1);
  const at = (ms: number) => momentText(new Date(ms).toISOString(), w.lang);
  const rows = chart.rows.flatMap((r) =>
    r.spans.map(
      (s) =>
        [
          `${r.label} ${s.from} ${s.fault}`,
          r.label,
          s.fault ? c("v.masked by fault") : c("v.in use"),
          at(s.from),
          at(s.to),
          s.reason,
        ] as const,
    ),
  );
  return (
    <Figure
      title={t("chart.spans")}
      head={[c("c.camera_id"), c("c.what"), c("c.since"), c("c.until"), c("c.reason")]}
      rows={rows}
    >
      <div className="audit-spans" aria-hidden="true">
        {chart.rows.map((r) => (
          <div key={r.label}>
            <span>{r.label}</span>
            <svg
              viewBox={`0 0 ${width} 24`}
              preserveAspectRatio="none"
              className="audit-chart short"
              aria-hidden="true"
            >
              {[...r.spans]
                .sort((a, b) => Number(a.fault) - Number(b.fault))
                .map((s) => (
                  <rect
                    key={`${s.from} ${s.fault}`}
                    className={s.fault ? "fault" : "use"}
                    x={((s.from - chart.from) / length) * width}
                    width={Math.max(((s.to - s.from) / length) * width, 1)}
                    y={s.fault ? 2 : 8}
                    height={s.fault ? 20 : 8}
                  />
                ))}
            </svg>
          </div>
        ))}
      </div>
      <div className="audit-ends" aria-hidden="true">
        <span>{at(chart.from)}</span>
        <span>{at(chart.to)}</span>
      </div>
      <p className="audit-key" aria-hidden="true">
        <span>
          <i className="use" /> {c("v.in use")}
        </span>
        <span>
          <i className="fault" /> {c("v.masked by fault")}
        </span>
      </p>
    </Figure>
  );
}

function Share({ chart }: { chart: Extract<Chart, { kind: "share" }> }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const w = useWords();
  return (
    <Figure
      title={t("chart.share")}
      head={[c("c.site_id"), c("c.enrolled")]}
      rows={chart.items.map((i) => [
        i.label,
        i.label,
        t("chart.of", { n: w.number(i.n), limit: w.number(i.limit) }),
      ])}
    >
      <div className="audit-bars" aria-hidden="true">
        {chart.items.map((i) => (
          <div key={i.label}>
            <span>{i.label}</span>
            <span className="audit-bar">
              <i style={{ width: `${Math.min((i.n / i.limit) * 100, 100)}%` }} />
            </span>
            <span className="num">{t("chart.of", { n: w.number(i.n), limit: w.number(i.limit) })}</span>
          </div>
        ))}
      </div>
    </Figure>
  );
}
