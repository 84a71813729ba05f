import { useState } from "react";
import { api, type Schemas } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { inWords, Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { FileField } from "../kit/fields";
import { Chip, Facts, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { type Fault, type ImportRow, rowsOf, template } from "./rows";
import { desk } from "./texts";

type Report = Schemas["ConsentImportReport"];

/** Takes a table of paper consents, and says of each row what became of it. */
export function ImportPage() {
  const t = useTexts(desk);
  const act = useAct();
  const [rows, setRows] = useState<ImportRow[]>();
  const [fault, setFault] = useState<Fault>();
  const [report, setReport] = useState<Report>();
  const [keys, setKeys] = useState(() => new Keys());
  const choose = async (file: File | undefined) => {
    setReport(undefined);
    setKeys(new Keys());
    const got = file ? rowsOf(await file.text()) : { fault: "noRows" as const };
    setRows("rows" in got ? got.rows : undefined);
    setFault("fault" in got ? got.fault : undefined);
  };
  const send = () =>
    act.run(async () => setReport(await say<Report>("/v1/imports", { rows }, keys.of("import"))));
  return (
    <>
      <Panel title={t("imp.title")} note={t("imp.lead")}>
        <form
          className="form"
          onSubmit={(ev) => {
            ev.preventDefault();
            void send();
          }}
        >
          <FileField
            label={t("imp.file")}
            hint={t("imp.fileHint")}
            accept=".csv,text/csv"
            onChoose={([file]) => void choose(file)}
          />
          {fault ? <p role="alert">{t("imp.unread", { why: t(`imp.${fault}`) })}</p> : null}
          {rows ? <p role="status">{t("imp.rows", { n: rows.length })}</p> : null}
          <Refused error={act.error} onRetry={act.again} />
          <div className="actions">
            <Button submit tone="primary" pending={act.busy} disabled={!rows || Boolean(report)}>
              {t("imp.send")}
            </Button>
          </div>
          <small>{t("imp.after")}</small>
        </form>
      </Panel>
      {report ? <ReportView report={report} /> : <Columns />}
    </>
  );
}

function ReportView({ report }: { report: Report }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const w = useWords();
  return (
    <Panel
      title={t("imp.report")}
      note={t("imp.sum", { ok: w.number(report.accepted), no: w.number(report.rejected) })}
    >
      <DataTable
        caption={t("table", { what: t("imp.report") })}
        rows={report.rows ?? []}
        rowKey={(r) => String(r.row)}
        columns={[
          { key: "n", title: t("imp.row"), cell: (r) => w.number(r.row), number: true },
          {
            key: "ok",
            title: t("imp.result"),
            cell: (r) => (
              <Chip tone={r.status === 201 ? "good" : "bad"}>
                {t(r.status === 201 ? "imp.taken" : "imp.refused")}
              </Chip>
            ),
            sort: (a, b) => a.status - b.status,
          },
          {
            key: "why",
            title: t("imp.why"),
            cell: (r) => (
              <ul>
                {(r.reasons ?? []).map((x) => (
                  <li key={x.code}>
                    {inWords(e, x) ?? x.text} {x.object ? <code>{x.object}</code> : null}
                  </li>
                ))}
              </ul>
            ),
          },
        ]}
      />
    </Panel>
  );
}

/** What the table has to hold, and the fingerprints to put in. */
function Columns() {
  const t = useTexts(desk);
  const house = api.useQuery("get", "/v1/consents/house");
  const first = house.data?.places?.find((p) => p.notice);
  return (
    <Panel title={t("imp.columns")} note={t("imp.columnsText")}>
      {(house.data?.places ?? []).map((p) => (
        <Hash key={p.scene} scene={p.scene} />
      ))}
      {first ? <Template scene={first.scene} zone={first.zones?.[0]?.zone ?? ""} /> : null}
    </Panel>
  );
}

function Hash({ scene }: { scene: string }) {
  const t = useTexts(desk);
  const notice = api.useQuery("get", "/v1/notices/current", { params: { query: { scene } } });
  if (!notice.data) return null;
  return (
    <Facts
      rows={[
        [
          t("imp.hash", { scene }),
          <code key="h" className="small-hash">
            {notice.data.hash}
          </code>,
        ],
      ]}
    />
  );
}

function Template({ scene, zone }: { scene: string; zone: string }) {
  const t = useTexts(desk);
  const notice = api.useQuery("get", "/v1/notices/current", { params: { query: { scene } } });
  const save = () => {
    const url = URL.createObjectURL(
      new Blob([template(scene, zone, notice.data?.hash ?? "")], { type: "text/csv" }),
    );
    const a = document.createElement("a");
    a.href = url;
    a.download = "consents.csv";
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <div className="actions">
      <Button onPress={save} disabled={!notice.data}>
        {t("imp.template")}
      </Button>
    </div>
  );
}
