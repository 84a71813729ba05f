import { useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure } from "../kit/failure";
import { SelectField, TextField } from "../kit/fields";
import { Facts, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Icon } from "../ui/icons";
import { save } from "./answer";
import { Cell, Moment } from "./cell";
import { logTexts } from "./logtexts";
import { usePurpose } from "./purpose";
import { type Report, tally, type VerifyLine, verifyRange } from "./verifying";

/** Verifies a range on the server, with progress; it can be cancelled. */
export function VerifyRange({ chains }: { chains: readonly { chain: string; last: number }[] }) {
  const t = useTexts(logTexts);
  const purpose = usePurpose();
  const [chain, setChain] = useState(chains[0]?.chain ?? "");
  const [from, setFrom] = useState("1");
  const [to, setTo] = useState("");
  const [line, setLine] = useState<VerifyLine>();
  const [running, setRunning] = useState(false);
  const [stopped, setStopped] = useState(false);
  const [error, setError] = useState<unknown>();
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const last = Number(to) || chains.find((c) => c.chain === chain)?.last || 0;
  const go = async () => {
    const control = new AbortController();
    abort.current = control;
    setRunning(true);
    setStopped(false);
    setError(undefined);
    setLine(undefined);
    try {
      await verifyRange(
        { chain, from: Number(from) || 0, to: Number(to) || 0, purpose: purpose.text },
        setLine,
        control.signal,
      );
    } catch (err) {
      if (control.signal.aborted) setStopped(true);
      else setError(err);
    } finally {
      setRunning(false);
    }
  };
  return (
    <Panel title={t("verify.title")} note={t("verify.note")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          if (!running && purpose.text) void go();
        }}
      >
        <div className="form-row">
          {chains.length > 0 ? (
            <SelectField
              label={t("verify.chain")}
              value={chain}
              onChange={setChain}
              options={chains.map((c) => ({ value: c.chain, label: c.chain }))}
            />
          ) : (
            <TextField label={t("verify.chain")} value={chain} onChange={setChain} required />
          )}
          <TextField label={t("verify.from")} type="number" min={1} value={from} onChange={setFrom} />
          <TextField
            label={t("verify.to")}
            type="number"
            min={1}
            value={to}
            onChange={setTo}
            hint={t("verify.to.hint")}
          />
        </div>
        <div className="actions">
          <Button submit tone="primary" pending={running} disabled={!chain || !purpose.text}>
            {t("verify.go")}
          </Button>
          {running ? <Button onPress={() => abort.current?.abort()}>{t("verify.stop")}</Button> : null}
        </div>
      </form>
      <div className="audit-verify" aria-live="polite">
        {running ? <Progress line={line} last={last} /> : null}
        {stopped ? <p className="note">{t("verify.cancelled", { n: line?.rows ?? 0 })}</p> : null}
        {error ? <Failure error={error} onRetry={() => void go()} /> : null}
        {line?.report ? <ReportView line={line} report={line.report} /> : null}
      </div>
    </Panel>
  );
}

function Progress({ line, last }: { line: VerifyLine | undefined; last: number }) {
  const t = useTexts(logTexts);
  const done = line?.rows ?? 0;
  const label = `${t("verify.running", { n: done, last: line?.last ?? 0 })}${last > 0 ? ` ${t("verify.of", { n: last })}` : ""}`;
  return (
    <div className="audit-progress">
      <progress max={Math.max(last, done, 1)} value={done} aria-label={label} />
      <span className="num">{label}</span>
    </div>
  );
}

function ReportView({ line, report }: { line: VerifyLine; report: Report }) {
  const t = useTexts(logTexts);
  const w = useWords();
  const n = tally(report);
  const count = (v: number, bad = false) => (
    <span className={`num${bad && v > 0 ? " state bad" : ""}`}>{w.number(v)}</span>
  );
  return (
    <div className="audit-report" data-intact={report.intact}>
      <div className={`note ${report.intact ? "good" : "bad"}`}>
        <Icon name={report.intact ? "check" : "warn"} />
        <div>
          <strong>{report.intact ? t("verify.intact") : t("verify.broken")}</strong>{" "}
          {line.at ? <Moment iso={line.at} /> : null} · {t("verify.by", { by: line.by ?? "" })}
        </div>
        <Button
          small
          onPress={() =>
            save(
              new Blob([JSON.stringify(line, null, 2)], { type: "application/json" }),
              `verification-${report.chain}-${report.first}-${report.last}.json`,
            )
          }
        >
          {t("verify.save")}
        </Button>
      </div>
      <div className="columns">
        <Facts
          rows={[
            [t("verify.chain"), report.chain],
            [t("r.first"), count(report.first)],
            [t("r.last"), count(report.last)],
            [t("r.rows"), count(report.rows)],
            [t("r.elapsed"), `${w.number(report.elapsed_ns / 1e6)} ms`],
          ]}
        />
        <Facts
          rows={[
            [t("r.missing"), count(n.missing, true)],
            [t("r.doubles"), count(n.doubles, true)],
            [t("r.broken"), count(n.broken, true)],
            [t("r.gaps"), count(n.gaps)],
            [t("r.disposed"), count(report.disposed)],
            [t("r.logged"), count(report.logged)],
            [t("r.checkpoints"), count(report.checkpoints)],
          ]}
        />
      </div>
      <Findings report={report} />
    </div>
  );
}

function Findings({ report }: { report: Report }) {
  const t = useTexts(logTexts);
  const w = useWords();
  const span = (from: number, to?: number) =>
    to && to > from ? `${w.number(from)}–${w.number(to)}` : w.number(from);
  return (
    <>
      {report.findings?.length ? (
        <>
          <h3>{t("findings.title")}</h3>
          <DataTable
            caption={t("findings.title")}
            rows={report.findings}
            rowKey={(f) => `${f.code} ${f.seq} ${f.text}`}
            columns={[
              {
                key: "code",
                title: t("f.code"),
                cell: (f) => <span className="state bad">{t.code("code", f.code)}</span>,
              },
              { key: "at", title: t("f.at"), cell: (f) => span(f.seq, f.to) },
              { key: "text", title: t("f.text"), cell: (f) => f.text },
            ]}
          />
        </>
      ) : null}
      {report.gaps?.length ? (
        <>
          <h3>{t("gaps.title")}</h3>
          <DataTable
            caption={t("gaps.title")}
            rows={report.gaps}
            rowKey={(g) => `${g.from}`}
            columns={[
              { key: "at", title: t("f.at"), cell: (g) => span(g.from, g.to) },
              { key: "rule", title: t("f.rule"), cell: (g) => g.rule },
              {
                key: "event",
                title: t("f.event"),
                cell: (g) => (g.event ? <Cell name="event_id" type="text" value={g.event} /> : t("f.age")),
              },
            ]}
          />
        </>
      ) : null}
      {report.notes?.length ? (
        <>
          <h3>{t("notes.title")}</h3>
          <ul className="audit-list">
            {report.notes.map((n) => (
              <li key={n}>{n}</li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}
