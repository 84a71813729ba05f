import { useRenew } from "../../api/all";
import { api, client, type Schemas } from "../../api/client";
import { Decide } from "../../duties/decide";
import { nameTexts } from "../../duties/names";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Loaded } from "../../kit/loaded";
import { Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due } from "../../kit/time";
import { rightsTexts } from "./texts";

type Task = Schemas["RightsTask"];

/** What other systems have to do for a request. */
export function Tasks({ id }: { id: string }) {
  const t = useTexts(rightsTexts);
  const names = useTexts(nameTexts);
  const w = useWords();
  const renew = useRenew();
  const tasks = api.useQuery("get", "/v1/rights/requests/{id}/tasks", { params: { path: { id } } });
  const settled = (x: Task) => Boolean(x.acknowledged || x.exception);
  const state = (x: Task) => {
    if (x.acknowledged) return t("task.done", { when: w.moment(x.acknowledged) });
    if (x.exception) return t("task.except", { why: x.exception });
    return x.trouble ? t("task.trouble", { why: x.trouble }) : t("task.waits");
  };
  const at = (x: Task) => ({ params: { path: { id: x.task } } });
  return (
    <Panel title={t("tasks")}>
      <Loaded query={tasks}>
        {(d) => (
          <DataTable<Task>
            caption={t("tasks")}
            rows={d.tasks}
            rowKey={(x) => x.task}
            empty={<p className="muted">{t("tasks.none")}</p>}
            columns={[
              { key: "system", title: t("system"), cell: (x) => x.connector },
              { key: "action", title: t("action"), cell: (x) => names.code("type", x.action) },
              { key: "due", title: t("due"), cell: (x) => <Due at={x.due} done={settled(x)} /> },
              { key: "state", title: t("task.state"), cell: state },
              {
                key: "do",
                title: t("steps"),
                cell: (x) =>
                  settled(x) ? null : (
                    <div className="actions">
                      <Decide
                        bare
                        small
                        label={t("task.ack")}
                        title={t("task.ack")}
                        text={t("task.ack.ask")}
                        run={async () => {
                          await client.POST("/v1/rights/tasks/{id}/acknowledge", at(x));
                          await renew("/v1/rights/requests/{id}/tasks");
                        }}
                      />
                      <Decide
                        small
                        label={t("task.exc")}
                        title={t("task.exc")}
                        text={t("task.exc.ask")}
                        run={async (reason) => {
                          await client.POST("/v1/rights/tasks/{id}/except", { ...at(x), body: { reason } });
                          await renew("/v1/rights/requests/{id}/tasks");
                        }}
                      />
                    </div>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
