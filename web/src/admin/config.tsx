import { useState } from "react";
import { api, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { CheckField, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Empty } from "../ui/parts";
import { healthTexts } from "./healthtexts";

type Setting = Schemas["AdminSetting"];
const tones = { default: "muted", file: "good", environment: "warn", program: "muted" } as const;

/** The configuration in force, with secrets hidden, and where each value came from. */
export default function Config() {
  const t = useTexts(healthTexts);
  const config = api.useQuery("get", "/v1/config");
  const [find, setFind] = useState("");
  const [set, setSet] = useState(false);
  const wanted = (s: Setting) =>
    s.key.toLowerCase().includes(find.trim().toLowerCase()) &&
    (!set || s.source === "file" || s.source === "environment");
  return (
    <>
      <PageHead title={t("config")} lead={t("config.lead")} />
      <div className="finding">
        <TextField label={t("find")} type="search" value={find} onChange={setFind} />
        <CheckField label={t("changed")} value={set} onChange={setSet} />
      </div>
      <Panel title={t("key")}>
        <Loaded query={config} rows={8}>
          {(d) => (
            <DataTable<Setting>
              caption={t("config")}
              rows={d.settings.filter(wanted)}
              rowKey={(s) => s.key}
              empty={<Empty icon="help" title={t("nofound")} />}
              columns={[
                {
                  key: "key",
                  title: t("key"),
                  cell: (s) => <code>{s.key}</code>,
                  sort: (a, b) => a.key.localeCompare(b.key),
                },
                {
                  key: "value",
                  title: t("value"),
                  cell: (s) => <span className="setting">{s.value || "–"}</span>,
                },
                {
                  key: "source",
                  title: t("source"),
                  cell: (s) => <Chip tone={tones[s.source]}>{t(`from.${s.source}`)}</Chip>,
                  sort: (a, b) => a.source.localeCompare(b.source),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}
