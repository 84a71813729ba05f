import { useState } from "react";
import { useRenew } from "../api/all";
import { client, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { CheckField, SelectField, TextField } from "../kit/fields";
import { Decide } from "./decide";
import { nameTexts } from "./names";
import { sceneTexts } from "./scenetexts";

type Scene = Schemas["ZonesScene"];
type Spec = Schemas["ZonesSceneEdit"];
const purposes = ["access_control", "public_security", "event_participation", "demonstration"] as const;
const flags = [
  "separate_consent",
  "records",
  "external_recorder",
  "entry_is_consent",
  "pad",
  "children",
  "live_clear",
  "record_clear",
] as const;

/** Adds a scene, as a draft, or changes one. */
export function SceneForm({ of }: { of?: Scene }) {
  const t = useTexts(sceneTexts);
  const names = useTexts(nameTexts);
  const renew = useRenew();
  const [id, setID] = useState("");
  const [spec, setSpec] = useState<Spec>(() => (of ? specOf(of) : { purpose: "access_control" }));
  const set = <K extends keyof Spec>(key: K, value: Spec[K]) => setSpec((s) => ({ ...s, [key]: value }));
  const save = async (reason: string) => {
    const body = { ...clean(spec), reason };
    if (of)
      await client.PUT("/v1/scenes/{id}", {
        params: { path: { id: of.id }, header: { "If-Match": `"${of.version}"` } },
        body,
      });
    else await client.POST("/v1/scenes", { body: { id, ...body } });
    await renew("/v1/scenes", "/v1/zones/{id}/coverage");
  };
  return (
    <Decide
      wide
      tone={of ? "plain" : "primary"}
      label={of ? t("edit") : t("add")}
      title={of ? of.id : t("add")}
      text={of ? t("change.note") : undefined}
      said={t("added")}
      run={save}
    >
      {of ? null : (
        <TextField
          label={t("id")}
          hint={t("id.hint")}
          required
          mono
          maxLength={63}
          value={id}
          onChange={setID}
        />
      )}
      <div className="form-row">
        <SelectField
          label={t("purpose")}
          required
          value={spec.purpose}
          onChange={(v) => set("purpose", v)}
          options={purposes.map((p) => ({ value: p, label: names(`purpose.${p}`) }))}
        />
        <SelectField
          label={t("mode")}
          value={spec.mode ?? "-"}
          onChange={(v) => setSpec((s) => ({ ...s, mode: v === "-" ? undefined : v }) as Spec)}
          options={[
            { value: "-" as const, label: t("mode.auto") },
            { value: "claim" as const, label: names("mode.claim") },
            { value: "zone" as const, label: names("mode.zone") },
          ]}
        />
        <TextField label={t("notice")} mono value={spec.notice ?? ""} onChange={(v) => set("notice", v)} />
      </div>
      <fieldset className="field">
        <legend>{t("declarations")}</legend>
        {flags.map((f) => (
          <CheckField key={f} label={t(`f.${f}`)} value={spec[f] ?? false} onChange={(v) => set(f, v)} />
        ))}
      </fieldset>
      <div className="form-row">
        <TextField
          label={t("f.guardian_channel")}
          required={spec.children ?? false}
          maxLength={300}
          value={spec.guardian_channel ?? ""}
          onChange={(v) => set("guardian_channel", v)}
        />
        <TextField
          label={t("f.retention_policy")}
          maxLength={300}
          value={spec.retention_policy ?? ""}
          onChange={(v) => set("retention_policy", v)}
        />
      </div>
    </Decide>
  );
}

/** What an edit sends back of a scene; everything else is the server's. */
function specOf(s: Scene): Spec {
  const { purpose, mode, notice, score, margin, quality, coverage, guardian_channel, retention_policy } = s;
  const out: Record<string, unknown> = {
    purpose,
    mode,
    notice,
    score,
    margin,
    quality,
    coverage,
    guardian_channel,
    retention_policy,
  };
  for (const f of flags) out[f] = s[f];
  return clean(out as unknown as Spec);
}

/** Leaves out what says nothing. */
function clean(s: Spec): Spec {
  return Object.fromEntries(
    Object.entries(s).filter(([, v]) => v !== undefined && v !== ""),
  ) as unknown as Spec;
}
