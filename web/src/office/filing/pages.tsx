import { useState } from "react";
import { useAll, useRenew } from "../../api/all";
import { api, client, type Schemas } from "../../api/client";
import { Decide } from "../../duties/decide";
import { nameTexts } from "../../duties/names";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { SelectField, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due } from "../../kit/time";
import { Empty } from "../../ui/parts";
import { filingTexts } from "./texts";

type Filing = Schemas["ZonesFiling"];
const tones = { planned: "warn", filed: "good", approved: "good", cancelled: "muted" } as const;
const known = [
  "mlps_grading",
  "public_security_video",
  "ai_act_registration",
  "fundamental_rights_assessment",
] as const;

export default function Filings() {
  const t = useTexts(filingTexts);
  const names = useTexts(nameTexts);
  const list = useAll("/v1/filings");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={<Form />} />
      <Census />
      <Panel title={t("list")}>
        <Loaded
          query={list}
          empty={
            <Empty icon="info" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable<Filing>
              caption={t("title")}
              rows={rows}
              rowKey={(f) => f.id}
              columns={[
                { key: "type", title: t("type"), cell: (f) => names.code("filing", f.type) },
                {
                  key: "status",
                  title: t("status"),
                  cell: (f) => <Chip tone={tones[f.status]}>{t(`st.${f.status}`)}</Chip>,
                },
                { key: "authority", title: t("authority"), cell: (f) => f.authority },
                { key: "number", title: t("number"), cell: (f) => f.number ?? "–" },
                { key: "scene", title: t("scene"), cell: (f) => f.scene || t("every") },
                {
                  key: "due",
                  title: t("due"),
                  cell: (f) => <Due at={f.due} soon={14} done={f.status !== "planned"} />,
                },
                { key: "until", title: t("until"), cell: (f) => <Due at={f.valid_until} soon={30} /> },
                { key: "do", title: t("edit"), cell: (f) => <Form of={f} /> },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}

function Form({ of }: { of?: Filing }) {
  const t = useTexts(filingTexts);
  const names = useTexts(nameTexts);
  const renew = useRenew();
  const scenes = useAll("/v1/scenes").data ?? [];
  const [type, setType] = useState(of?.type ?? "");
  const [authority, setAuthority] = useState(of?.authority ?? "");
  const [number, setNumber] = useState(of?.number ?? "");
  const [status, setStatus] = useState<Filing["status"]>(of?.status ?? "planned");
  const [scene, setScene] = useState(of?.scene ?? "");
  const [due, setDue] = useState(of?.due?.slice(0, 10) ?? "");
  const [until, setUntil] = useState(of?.valid_until?.slice(0, 10) ?? "");
  const save = async (reason: string) => {
    const body = {
      type,
      authority,
      status,
      ...(scene ? { scene } : {}),
      ...(number ? { number } : {}),
      ...(due ? { due: `${due}T23:59:59Z` } : {}),
      ...(until ? { valid_until: `${until}T23:59:59Z` } : {}),
      reason,
    };
    if (of)
      await client.PUT("/v1/filings/{id}", {
        params: { path: { id: of.id }, header: { "If-Match": `"${of.version}"` } },
        body,
      });
    else await client.POST("/v1/filings", { body });
    await renew("/v1/filings", "/v1/zones/{id}/coverage");
  };
  return (
    <Decide
      tone={of ? "plain" : "primary"}
      small={of !== undefined}
      label={of ? t("edit") : t("add")}
      title={of ? t("edit") : t("add")}
      said={t("saved")}
      run={save}
    >
      <SelectField
        label={t("type")}
        hint={t("type.hint")}
        required
        value={type}
        onChange={setType}
        options={[...new Set<string>([...known, ...(of ? [of.type] : [])])].map((k) => ({
          value: k,
          label: names.code("filing", k),
        }))}
      />
      <TextField label={t("authority")} required maxLength={300} value={authority} onChange={setAuthority} />
      <div className="form-row">
        <SelectField
          label={t("status")}
          required
          value={status}
          onChange={setStatus}
          options={(["planned", "filed", "approved", "cancelled"] as const).map((s) => ({
            value: s,
            label: t(`st.${s}`),
          }))}
        />
        <TextField
          label={t("number")}
          required={status === "filed" || status === "approved"}
          maxLength={100}
          value={number}
          onChange={setNumber}
        />
      </div>
      <div className="form-row">
        <TextField label={t("due")} type="date" value={due} onChange={setDue} />
        <TextField label={t("until")} type="date" value={until} onChange={setUntil} />
      </div>
      <SelectField
        label={t("scene")}
        value={scene || "-"}
        onChange={(v) => setScene(v === "-" ? "" : v)}
        options={[{ value: "-", label: t("every") }, ...scenes.map((s) => ({ value: s.id, label: s.id }))]}
      />
    </Decide>
  );
}

const censusTone = { below: "good", warning: "warn", due: "bad", overdue: "bad", filed: "good" } as const;

function Census() {
  const t = useTexts(filingTexts);
  const w = useWords();
  const renew = useRenew();
  const census = api.useQuery("get", "/v1/census");
  const [number, setNumber] = useState("");
  return (
    <Panel title={t("census")}>
      <Loaded query={census}>
        {(c) => (
          <div className="census">
            <p>
              <strong className="census-n">{t("census.count", { n: c.enrolled })}</strong>{" "}
              {c.limit > 0 ? t("census.of", { n: c.limit }) : t("census.none")}
            </p>
            {c.limit > 0 ? (
              <meter
                min={0}
                max={c.limit}
                high={c.limit * 0.8}
                optimum={0}
                value={c.enrolled}
                aria-label={t("census")}
              >
                {w.number(c.enrolled)}
              </meter>
            ) : null}
            <p>
              <Chip tone={censusTone[c.state as keyof typeof censusTone] ?? "muted"}>
                {t.code("cs", c.state)}
              </Chip>{" "}
              {t("census.templates", { n: c.templates })}
            </p>
            {c.task && !c.task.closed_at ? (
              <div className="actions">
                <span>
                  {t("census.due")} <Due at={c.task.due_at} soon={14} />
                </span>
                <Decide
                  bare
                  tone="primary"
                  label={t("census.file")}
                  title={t("census.file")}
                  text={t("census.file.ask")}
                  said={t("census.filed")}
                  run={async () => {
                    await client.POST("/v1/census/filing", { body: { reference: number } });
                    await renew("/v1/census");
                  }}
                >
                  <TextField label={t("census.number")} required value={number} onChange={setNumber} />
                </Decide>
              </div>
            ) : null}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
