import { useState } from "react";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure } from "../kit/failure";
import { Facts, Panel } from "../kit/page";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { type Answer, type Asked, download } from "./answer";
import { Cell } from "./cell";
import { chartsOf } from "./charting";
import { ChartView } from "./charts";
import { columnTexts } from "./columntexts";
import { Grid } from "./grid";
import { auditTexts } from "./texts";
import { ZoneMap } from "./zonemap";

const ofOne = new Set(["rules-in-force", "database-used"]);

/** An answer: what it means, its pictures, its table, and copies to take away. */
export function AnswerView({ answer, asked }: { answer: Answer; asked: Asked }) {
  const t = useTexts(auditTexts);
  const w = useWords();
  const charts = chartsOf(answer);
  return (
    <Panel title={t("answer.title")} actions={<Downloads asked={asked} />}>
      <div className="audit-answer">
        <div className="audit-sum" role="status">
          {answer.check ? (
            <span className={`chip ${answer.holds ? "good" : "bad"}`}>
              {answer.holds ? t("holds.yes") : t("holds.no")}
            </span>
          ) : null}
          <span className="num">
            {t("rows", { n: answer.rows.length })} · {t("took", { ms: w.decimal(answer.took_ms) })}
          </span>
        </div>
        {answer.check ? (
          <p className="audit-note">{answer.holds ? t("holds.yes.text") : t("holds.no.text")}</p>
        ) : null}
        {answer.more ? (
          <p className="note warn">
            <Icon name="warn" />
            <span>{t("truncated")}</span>
          </p>
        ) : null}
        {charts.length > 0 ? (
          <div className="audit-charts">
            {charts.map((c) => (
              <ChartView key={`${c.kind}${"by" in c ? c.by : ""}`} chart={c} />
            ))}
            <ZoneMap answer={answer} />
          </div>
        ) : null}
        <Table answer={answer} />
      </div>
    </Panel>
  );
}

function Table({ answer }: { answer: Answer }) {
  const t = useTexts(auditTexts);
  const c = useTexts(columnTexts);
  const [only] = answer.rows;
  if (!only)
    return answer.check ? null : (
      <Empty icon="info" title={t("answer.none")}>
        {t("answer.none.text")}
      </Empty>
    );
  if (ofOne.has(answer.name))
    return (
      <Facts
        rows={answer.columns.map((col) => [
          c.code("c", col.name),
          <Cell key={col.name} name={col.name} type={col.type} value={only[col.name] ?? null} />,
        ])}
      />
    );
  return <Grid answer={answer} />;
}

function Downloads({ asked }: { asked: Asked }) {
  const t = useTexts(auditTexts);
  const [busy, setBusy] = useState<"csv" | "parquet">();
  const [error, setError] = useState<unknown>();
  const get = async (format: "csv" | "parquet") => {
    setBusy(format);
    setError(undefined);
    try {
      await download(asked, format);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <div className="audit-downloads">
      <div className="actions">
        {(["csv", "parquet"] as const).map((f) => (
          <Button key={f} small pending={busy === f} onPress={() => void get(f)}>
            {t(`download.${f}`)}
          </Button>
        ))}
      </div>
      <small>{t("download.note")}</small>
      {error ? <Failure error={error} /> : null}
    </div>
  );
}
