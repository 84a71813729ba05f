import { useState } from "react";
import { useAll, useRenew } from "../../api/all";
import { api, client, type Schemas } from "../../api/client";
import { Decide } from "../../duties/decide";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { CheckField, SelectField, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due } from "../../kit/time";
import { Empty } from "../../ui/parts";
import { componentTexts } from "./texts";

type Component = Schemas["ZonesComponent"];
type Edit = Schemas["ZonesComponentEdit"];

/** Third parties that touch personal data: what was added here, and what ships. */
export default function Components() {
  const w = useWords();
  const t = useTexts(componentTexts);
  const own = useAll("/v1/components");
  const shipped = api.useQuery("get", "/v1/notices/components", {
    params: { query: { language: w.lang } },
  });
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={<Form />} />
      <Panel title={t("own")}>
        <Loaded
          query={own}
          empty={
            <Empty icon="info" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable<Component>
              caption={t("title")}
              rows={rows}
              rowKey={(c) => c.id}
              columns={[
                { key: "name", title: t("name"), cell: (c) => `${c.name} ${c.release}` },
                { key: "provider", title: t("provider"), cell: (c) => c.provider },
                { key: "role", title: t("role"), cell: (c) => t(`r.${c.role}`) },
                { key: "purpose", title: t("purpose"), cell: (c) => c.purpose },
                { key: "data", title: t("data"), cell: (c) => c.data || "–" },
                { key: "contract", title: t("contract"), cell: (c) => c.contract ?? "–" },
                {
                  key: "state",
                  title: t("state"),
                  cell: (c) => (
                    <Chip tone={c.enabled ? "good" : "muted"}>{c.enabled ? t("st.on") : t("st.off")}</Chip>
                  ),
                },
                { key: "review", title: t("review"), cell: (c) => <Due at={c.review_by} soon={30} /> },
                { key: "do", title: t("edit"), cell: (c) => <Form of={c} /> },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Panel title={t("shipped")} note={t("shipped.note")}>
        <Loaded query={shipped}>
          {(d) => (
            <DataTable
              caption={w.pair(t("title"), t("shipped"))}
              rows={d.components}
              rowKey={(c) => `${c.name} ${c.version}`}
              columns={[
                { key: "name", title: t("name"), cell: (c) => `${c.name} ${c.version}` },
                { key: "provider", title: t("provider"), cell: (c) => c.provider },
                { key: "purpose", title: t("purpose"), cell: (c) => c.purpose },
                {
                  key: "data",
                  title: t("data"),
                  cell: (c) => (c.data ?? []).join(w.lang === "en" ? ", " : "、"),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}

const roles = ["library", "processor", "joint_controller", "recipient"] as const;
const empty: Edit = {
  name: "",
  provider: "",
  release: "",
  purpose: "",
  data: "",
  method: "",
  role: "processor",
  policy_link: "",
};

function Form({ of }: { of?: Component }) {
  const t = useTexts(componentTexts);
  const renew = useRenew();
  const [id, setID] = useState("");
  const [c, setC] = useState<Edit>(() => (of ? editOf(of) : empty));
  const [review, setReview] = useState(of?.review_by?.slice(0, 10) ?? "");
  const set = <K extends keyof Edit>(key: K, value: Edit[K]) => setC((all) => ({ ...all, [key]: value }));
  const save = async (reason: string) => {
    const body: Edit = { ...c, reason, ...(review ? { review_by: `${review}T00:00:00Z` } : {}) };
    if (of)
      await client.PUT("/v1/components/{id}", {
        params: { path: { id: of.id }, header: { "If-Match": `"${of.version}"` } },
        body,
      });
    else await client.POST("/v1/components", { body: { id, ...body } });
    await renew("/v1/components");
  };
  const field = (key: "name" | "provider" | "release" | "purpose" | "method", max: number) => (
    <TextField label={t(key)} required maxLength={max} value={c[key]} onChange={(v) => set(key, v)} />
  );
  return (
    <Decide
      wide
      tone={of ? "plain" : "primary"}
      small={of !== undefined}
      label={of ? t("edit") : t("add")}
      title={of ? of.name : t("add")}
      said={t("saved")}
      run={save}
    >
      <div className="form-row">
        {of ? null : <TextField label={t("id")} required mono maxLength={63} value={id} onChange={setID} />}
        {field("name", 200)}
        {field("release", 100)}
        {field("provider", 200)}
      </div>
      <div className="form-row">
        {field("purpose", 500)}
        {field("method", 500)}
      </div>
      <TextField
        label={t("data")}
        hint={t("data.hint")}
        maxLength={500}
        value={c.data}
        onChange={(v) => set("data", v)}
      />
      <div className="form-row">
        <SelectField
          label={t("role")}
          required
          value={c.role}
          onChange={(v) => set("role", v)}
          options={roles.map((r) => ({ value: r, label: t(`r.${r}`) }))}
        />
        <TextField
          label={t("contract")}
          hint={t("contract.hint")}
          maxLength={200}
          value={c.contract ?? ""}
          onChange={(v) => set("contract", v)}
        />
        <TextField label={t("review")} type="date" value={review} onChange={setReview} />
      </div>
      <div className="form-row">
        <TextField
          label={t("link")}
          type="url"
          maxLength={500}
          value={c.policy_link}
          onChange={(v) => set("policy_link", v)}
        />
        <TextField
          label={t("terms")}
          type="url"
          maxLength={500}
          value={c.terms_link ?? ""}
          onChange={(v) => set("terms_link", v)}
        />
      </div>
      <CheckField label={t("enabled")} value={c.enabled ?? false} onChange={(v) => set("enabled", v)} />
    </Decide>
  );
}

/** What an edit sends back of a component. */
function editOf(c: Component): Edit {
  const { name, provider, release, purpose, data, method, role, policy_link, enabled } = c;
  return {
    name,
    provider,
    release,
    purpose,
    data,
    method,
    role,
    policy_link,
    enabled,
    ...(c.terms_link ? { terms_link: c.terms_link } : {}),
    ...(c.contract ? { contract: c.contract } : {}),
  };
}
