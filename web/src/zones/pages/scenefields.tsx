import { useTexts } from "../../i18n/texts";
import { CheckField, RadioField, SelectField, TextField } from "../../kit/fields";
import type { Scene } from "../data";
import { sceneTexts } from "../texts/scene";

const purposes = ["access_control", "event_participation", "public_security", "demonstration"] as const;

export interface SceneDraft {
  purpose: (typeof purposes)[number] | "";
  mode: "zone" | "claim";
  records: boolean;
  live_clear: boolean;
  record_clear: boolean;
  pad: boolean;
  children: boolean;
  guardian_channel: string;
  entry_is_consent: boolean;
  external_recorder: boolean;
  separate_consent: boolean;
  retention_policy: string;
}

/** A new scene starts in the milder mode where the law asks for it; nothing is declared for anybody. */
export function emptyScene(profile: string | undefined): SceneDraft {
  return {
    purpose: "",
    mode: profile === "cn" || profile === "eu" ? "claim" : "zone",
    records: true,
    live_clear: false,
    record_clear: false,
    pad: false,
    children: false,
    guardian_channel: "",
    entry_is_consent: false,
    external_recorder: false,
    separate_consent: false,
    retention_policy: "",
  };
}

export function sceneDraft(s: Scene): SceneDraft {
  return {
    purpose: s.purpose,
    mode: s.mode ?? "zone",
    records: s.records ?? false,
    live_clear: s.live_clear ?? false,
    record_clear: s.record_clear ?? false,
    pad: s.pad ?? false,
    children: s.children ?? false,
    guardian_channel: s.guardian_channel ?? "",
    entry_is_consent: s.entry_is_consent ?? false,
    external_recorder: s.external_recorder ?? false,
    separate_consent: s.separate_consent ?? false,
    retention_policy: s.retention_policy ?? "",
  };
}

/** What the form does not show (thresholds, notice, coverage) stays as it is. */
export function sceneBody(d: SceneDraft, s?: Scene) {
  const kept = s
    ? {
        ...(s.notice ? { notice: s.notice } : {}),
        ...(s.score ? { score: s.score } : {}),
        ...(s.margin ? { margin: s.margin } : {}),
        ...(s.quality ? { quality: s.quality } : {}),
        ...(s.coverage ? { coverage: s.coverage } : {}),
      }
    : {};
  const { guardian_channel, retention_policy, purpose, ...flags } = d;
  return {
    ...kept,
    ...flags,
    purpose: purpose || "demonstration",
    ...(d.children && guardian_channel.trim() ? { guardian_channel: guardian_channel.trim() } : {}),
    ...(retention_policy.trim() ? { retention_policy: retention_policy.trim() } : {}),
  } as const;
}

export function SceneFields(props: {
  value: SceneDraft;
  onChange: (d: SceneDraft) => void;
  profile: string | undefined;
  readOnly?: boolean;
}) {
  const { value: d, profile } = props;
  const t = useTexts(sceneTexts);
  const off = props.readOnly ?? false;
  const set = (change: Partial<SceneDraft>) => props.onChange({ ...d, ...change });
  const check = (
    key: keyof SceneDraft & ("records" | "live_clear" | "record_clear" | "pad" | "children"),
    hint?: string,
  ) => (
    <CheckField
      disabled={off}
      label={t(key)}
      hint={hint}
      value={d[key]}
      onChange={(v) => set({ [key]: v })}
    />
  );
  return (
    <>
      <SelectField
        required
        disabled={off}
        label={t("purpose")}
        hint={t("purpose.hint")}
        value={d.purpose}
        onChange={(purpose) => set({ purpose })}
        options={purposes
          .filter((p) => profile !== "eu" || p !== "public_security")
          .map((p) => ({ value: p, label: t(`purpose.${p}`) }))}
      />
      <RadioField
        disabled={off}
        label={t("mode")}
        hint={profile === "eu" ? t("mode.eu") : undefined}
        value={d.mode}
        onChange={(mode) => set({ mode })}
        options={(["zone", "claim"] as const).map((m) => ({
          value: m,
          label: t(`mode.${m}`),
          hint: t(`mode.${m}.hint`),
        }))}
      />
      {check("records", t("records.hint"))}
      {check("live_clear")}
      {check("record_clear")}
      {check("pad")}
      {check("children")}
      {d.children ? (
        <TextField
          required
          disabled={off}
          label={t("guardian")}
          value={d.guardian_channel}
          onChange={(guardian_channel) => set({ guardian_channel })}
          maxLength={300}
        />
      ) : null}
      {profile && profile !== "default" ? (
        <fieldset className="form declarations">
          <legend>{t("declarations")}</legend>
          <p className="muted">{t("declarations.note")}</p>
          {profile === "cn" ? (
            <>
              <CheckField
                disabled={off}
                label={t("recorder")}
                value={d.external_recorder}
                onChange={(external_recorder) => set({ external_recorder })}
              />
              <CheckField
                disabled={off}
                label={t("separate")}
                value={d.separate_consent}
                onChange={(separate_consent) => set({ separate_consent })}
              />
            </>
          ) : null}
          {profile === "eu" ? (
            <CheckField
              disabled={off}
              label={t("entry")}
              value={d.entry_is_consent}
              onChange={(entry_is_consent) => set({ entry_is_consent })}
            />
          ) : null}
          {profile === "us-il" ? (
            <TextField
              disabled={off}
              label={t("retention")}
              value={d.retention_policy}
              onChange={(retention_policy) => set({ retention_policy })}
              maxLength={300}
            />
          ) : null}
        </fieldset>
      ) : null}
    </>
  );
}
