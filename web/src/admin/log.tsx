import { useState } from "react";
import { api, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { SelectField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { healthTexts } from "./healthtexts";
import { LogDetail } from "./logdetail";

type Entry = Schemas["AdminEntry"];

const kinds = [
  "account_change",
  "gate_change",
  "zone_change",
  "scene_change",
  "notice_change",
  "incident",
  "retention_run",
  "camera_health",
  "camera_change",
] as const;

type Kind = (typeof kinds)[number];

/** What the log says of administration, newest first. */
export default function Log() {
  const t = useTexts(healthTexts);
  const [kind, setKind] = useState<Kind>();
  const [before, setBefore] = useState("");
  const query = { ...(kind ? { kind } : {}), ...(before ? { before } : {}) };
  const log = api.useQuery(
    "get",
    "/v1/admin/log",
    { params: { query } },
    before ? {} : { refetchInterval: 10_000 },
  );
  const last = log.data?.entries.at(-1)?.cursor ?? "";
  return (
    <>
      <PageHead title={t("log")} lead={t("log.lead")} />
      <div className="finding">
        <SelectField<Kind | "-">
          label={t("kind")}
          value={kind ?? "-"}
          onChange={(v) => {
            setKind(v === "-" ? undefined : v);
            setBefore("");
          }}
          options={[{ value: "-", label: t("all") }, ...kinds.map((k) => ({ value: k, label: t(`k.${k}`) }))]}
        />
      </div>
      <Panel
        title={t("what")}
        actions={
          before ? (
            <Button small onPress={() => setBefore("")}>
              {t("newest")}
            </Button>
          ) : null
        }
      >
        <Loaded
          query={log}
          rows={8}
          isEmpty={(d) => d.entries.length === 0}
          empty={<Empty icon="info" title={t("log.none")} />}
        >
          {({ entries: list }) => (
            <>
              <DataTable<Entry>
                caption={t("log")}
                rows={list}
                rowKey={(e) => e.id}
                columns={[
                  { key: "when", title: t("when"), cell: (e) => <Moment at={e.at} /> },
                  { key: "kind", title: t("kind"), cell: (e) => <Chip>{t.code("k", e.kind)}</Chip> },
                  {
                    key: "what",
                    title: t("what"),
                    cell: (e) => [e.zone, e.scene, e.camera, e.notice].filter(Boolean).join(" · ") || "–",
                  },
                  { key: "details", title: t("details"), cell: (e) => <LogDetail detail={e.detail} /> },
                ]}
              />
              {list.length >= 100 ? (
                <div className="table-more">
                  <Button small onPress={() => setBefore(last)}>
                    {t("older")}
                  </Button>
                </div>
              ) : null}
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}
