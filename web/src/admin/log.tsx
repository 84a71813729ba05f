import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { problemOf, queryString } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { SelectField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Empty } from "../ui/parts";
import { healthTexts } from "./healthtexts";

interface Entry {
  id: string;
  at: string;
  kind: string;
  camera?: string;
  zone?: string;
  scene?: string;
  notice?: string;
  detail: Record<string, string>;
  cursor: string;
}

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

async function readLog(kind: string, before: string, signal: AbortSignal): Promise<Entry[]> {
  const res = await fetch(`/v1/admin/log${queryString({ kind, before })}`, { signal });
  if (!res.ok) throw await problemOf(res);
  return ((await res.json()) as { entries: Entry[] }).entries;
}

/** What the log says of administration, newest first. */
export default function Log() {
  const t = useTexts(healthTexts);
  const [kind, setKind] = useState("");
  const [before, setBefore] = useState("");
  const log = useQuery({
    queryKey: ["get", "/v1/admin/log", kind, before],
    queryFn: ({ signal }) => readLog(kind, before, signal),
    ...(before ? {} : { refetchInterval: 10_000 }),
  });
  const last = log.data?.at(-1)?.cursor ?? "";
  return (
    <>
      <PageHead title={t("log")} lead={t("log.lead")} />
      <div className="finding">
        <SelectField
          label={t("kind")}
          value={kind || "-"}
          onChange={(v) => {
            setKind(v === "-" ? "" : v);
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
        <Loaded query={log} rows={8} empty={<Empty icon="info" title={t("log.none")} />}>
          {(list) => (
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
                  { key: "details", title: t("details"), cell: (e) => <Details detail={e.detail} /> },
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

function Details({ detail }: { detail: Record<string, string> }) {
  return (
    <span className="setting">
      {Object.entries(detail)
        .filter(([, v]) => v !== "")
        .map(([k, v]) => `${k}: ${v.length > 60 ? `${v.slice(0, 12)}…` : v}`)
        .join(" · ")}
    </span>
  );
}
