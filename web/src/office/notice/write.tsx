import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { useAll, useRenew } from "../../api/all";
import { api, client, type Reason, type Schemas } from "../../api/client";
import { Refusal } from "../../duties/reasons";
import { dutyTexts } from "../../duties/texts";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { asRequestError } from "../../kit/failure";
import { CheckField, SelectField, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { PageHead, Panel } from "../../kit/page";
import { useSending } from "../../kit/sending";
import { useToast } from "../../kit/toast";
import { Faults, useFaultOf } from "./faults";
import {
  byVersion,
  type Fields,
  fieldNames,
  fieldsOf,
  languages,
  type Notice,
  placesLeft,
  textOf,
} from "./fields";
import { FieldPair } from "./pair";
import { noticeTexts } from "./texts";

/** Writes a notice: a first one from the template, a revision, or a new version of one. */
export function Write() {
  const t = useTexts(noticeTexts);
  const [asked] = useSearchParams();
  const revise = asked.get("revise");
  const from = asked.get("from");
  const scenes = useAll("/v1/scenes");
  const notices = api.useQuery("get", "/v1/notices");
  const template = (language: string) => ({ params: { path: { language } } });
  const zh = api.useQuery("get", "/v1/notices/templates/{language}", template("zh-CN"));
  const en = api.useQuery("get", "/v1/notices/templates/{language}", template("en"));
  return (
    <>
      <PageHead
        title={t("write.title")}
        lead={revise ? t("write.again", { version: revise }) : t("write.lead")}
      />
      <Loaded query={scenes} rows={8}>
        {(list) => (
          <Loaded query={notices} rows={8}>
            {({ notices: all }) => (
              <Loaded query={zh} rows={8}>
                {(zhText) => (
                  <Loaded query={en} rows={8}>
                    {(enText) => {
                      const base = byVersion(all).find((v) => v[0]?.version === (revise ?? from))?.[0];
                      return (
                        <Form
                          scenes={list}
                          notices={all}
                          base={base}
                          revise={revise !== null}
                          texts={{
                            "zh-CN": base?.texts["zh-CN"] ?? zhText,
                            en: base?.texts.en ?? enText,
                          }}
                        />
                      );
                    }}
                  </Loaded>
                )}
              </Loaded>
            )}
          </Loaded>
        )}
      </Loaded>
    </>
  );
}

function Form(props: {
  scenes: readonly Schemas["ZonesScene"][];
  notices: readonly Notice[];
  base: Notice | undefined;
  revise: boolean;
  texts: Record<(typeof languages)[number], Schemas["ConsentText"]>;
}) {
  const t = useTexts(noticeTexts);
  const d = useTexts(dutyTexts);
  const go = useNavigate();
  const renew = useRenew();
  const say = useToast();
  const { busy, error, send } = useSending();
  const { base, revise } = props;
  const [version, setVersion] = useState(revise ? (base?.version ?? "") : "");
  const [supersedes, setSupersedes] = useState((revise ? base?.supersedes : base?.version) ?? "");
  const [scenes, setScenes] = useState<readonly string[]>(base?.scenes ?? []);
  const [fields, setFields] = useState<Record<(typeof languages)[number], Fields>>(() => ({
    "zh-CN": fieldsOf(props.texts["zh-CN"]),
    en: fieldsOf(props.texts.en),
  }));
  const faults: readonly Reason[] = error ? asRequestError(error).reasons : [];
  const faultOf = useFaultOf(faults);
  const left = languages.reduce((n, l) => n + placesLeft(fields[l]), 0);
  const save = async () => {
    const body = {
      version,
      scenes: [...scenes],
      texts: { "zh-CN": textOf(fields["zh-CN"]), en: textOf(fields.en) },
      ...(supersedes ? { supersedes } : {}),
    };
    const done = await send(async () => {
      await client.POST("/v1/notices", { body });
      await renew("/v1/notices");
    });
    if (done) {
      say(t("handed"));
      void go(`/office/notices/${version}`);
    } else window.scrollTo({ top: 0, behavior: "smooth" });
  };
  const others = [...new Set(props.notices.map((n) => n.version))].filter((v) => v !== version);
  return (
    <form
      className="guided"
      noValidate // the server names every fault at once; the browser would stop at the first
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      {faults.length > 0 ? <Faults list={faults} /> : error ? <Refusal error={error} /> : null}
      <Panel title={t("version")}>
        <div className="form">
          <div className="form-row">
            <TextField
              label={t("version")}
              hint={t("version.hint")}
              required
              mono
              maxLength={64}
              disabled={revise}
              value={version}
              onChange={setVersion}
              error={faultOf("version")}
            />
            {revise ? null : (
              <SelectField
                label={t("supersedes")}
                value={supersedes || "-"}
                onChange={(v) => setSupersedes(v === "-" ? "" : v)}
                options={[
                  { value: "-", label: t("supersedes.none") },
                  ...others.map((v) => ({ value: v, label: v })),
                ]}
              />
            )}
          </div>
          <fieldset className="field" id="field-scenes">
            <legend>{t("scenes.hint")}</legend>
            {props.scenes
              .filter((s) => s.state !== "retired")
              .map((s) => (
                <CheckField
                  key={s.id}
                  label={s.id}
                  disabled={revise}
                  value={scenes.includes(s.id)}
                  onChange={(on) => setScenes(on ? [...scenes, s.id] : scenes.filter((x) => x !== s.id))}
                />
              ))}
            {faultOf("scenes") ? <small className="field-error">{faultOf("scenes")}</small> : null}
          </fieldset>
        </div>
      </Panel>
      {fieldNames.map((name) => (
        <FieldPair
          key={name}
          name={name}
          fields={fields}
          faultOf={faultOf}
          onChange={(lang, text) => setFields((f) => ({ ...f, [lang]: { ...f[lang], [name]: text } }))}
        />
      ))}
      <div className="form-foot">
        <span>{left > 0 ? t("left", { n: left }) : ""}</span>
        <div className="actions">
          <LinkButton to="/office/notices">{d("back")}</LinkButton>
          <Button submit tone="primary" pending={busy}>
            {t("hand")}
          </Button>
        </div>
      </div>
    </form>
  );
}
