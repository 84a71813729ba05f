import { api, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { retentionTexts } from "./retentiontexts";
import { ruleText } from "./ruletexts";

type Run = Schemas["AdminRun"];

/** What each rule of keeping removed, and what outlived its rule. */
export default function Retention() {
  const t = useTexts(retentionTexts);
  const w = useWords();
  const report = api.useQuery("get", "/v1/retention", {}, { refetchInterval: 60_000 });
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded
        query={report}
        rows={6}
        isEmpty={(d) => d.runs.length === 0}
        empty={
          <Panel title={t("title")}>
            <Empty icon="clock" title={t("none")}>
              {t("none.text")}
            </Empty>
          </Panel>
        }
      >
        {(d) => (
          <>
            <div className={`note ${d.overdue > 0 ? "bad" : "good"}`} role="status">
              <Icon name={d.overdue > 0 ? "warn" : "check"} />
              <div>
                <strong>{d.overdue > 0 ? t("late", { n: d.overdue }) : t("fine")}</strong>{" "}
                {d.overdue > 0 ? t("late.text") : t("fine.text")}
              </div>
            </div>
            <Panel title={t("table")}>
              <DataTable<Run>
                caption={t("title")}
                rows={d.runs}
                rowKey={(r) => r.table}
                columns={[
                  {
                    key: "table",
                    title: t("table"),
                    cell: (r) => (
                      <>
                        <code>{r.table}</code>
                        <small>{ruleText(r.class, w.lang)}</small>
                      </>
                    ),
                    sort: (a, b) => a.table.localeCompare(b.table),
                  },
                  { key: "rule", title: t("rule"), cell: (r) => ruleText(r.rule, w.lang) },
                  {
                    key: "last",
                    title: t("last"),
                    cell: (r) => (
                      <>
                        <Moment at={r.at} />
                        {r.since ? <small>{t("runs", { n: r.runs, day: w.day(r.since) })}</small> : null}
                      </>
                    ),
                  },
                  {
                    key: "disposed",
                    title: t("disposed"),
                    number: true,
                    cell: (r) => w.number(r.disposed),
                    sort: (a, b) => a.disposed - b.disposed,
                  },
                  {
                    key: "removed",
                    title: t("removed"),
                    number: true,
                    cell: (r) => w.number(r.removed),
                    sort: (a, b) => a.removed - b.removed,
                  },
                  {
                    key: "overdue",
                    title: t("overdue"),
                    number: true,
                    cell: (r) => (r.overdue > 0 ? <Chip tone="bad">{w.number(r.overdue)}</Chip> : "0"),
                    sort: (a, b) => a.overdue - b.overdue,
                  },
                  { key: "error", title: t("error"), cell: (r) => r.error ?? "" },
                ]}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </>
  );
}
