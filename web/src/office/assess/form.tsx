import { type ReactNode, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { useAll, useRenew } from "../../api/all";
import { api, client, type Schemas } from "../../api/client";
import { nameTexts } from "../../duties/names";
import { Refusal } from "../../duties/reasons";
import { dutyTexts } from "../../duties/texts";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { RadioField, SelectField, TextArea, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { PageHead, Panel } from "../../kit/page";
import { useSending } from "../../kit/sending";
import { useToast } from "../../kit/toast";
import { Empty } from "../../ui/parts";
import { assessTexts } from "./texts";

type Assessment = Schemas["ZonesAssessment"];

/** Writes a new assessment, or changes one that is not approved. */
export function Write() {
  const t = useTexts(assessTexts);
  const { id } = useParams();
  const [asked] = useSearchParams();
  const source = id ?? asked.get("from") ?? undefined;
  const scenes = useAll("/v1/scenes");
  const old = api.useQuery(
    "get",
    "/v1/assessments/{id}",
    { params: { path: { id: source ?? "" } } },
    { enabled: source !== undefined },
  );
  return (
    <>
      <PageHead title={t("new")} lead={t("form.lead")} />
      <Loaded
        query={scenes}
        rows={6}
        empty={
          <Empty icon="info" title={t("noscene")}>
            <p>{t("noscene.text")}</p>
            <LinkButton to="/office/scenes">{t("toscenes")}</LinkButton>
          </Empty>
        }
      >
        {(list) =>
          source === undefined ? (
            <Form scenes={list} scene={asked.get("scene") ?? ""} />
          ) : (
            <Loaded query={old} rows={6}>
              {(a) => <Form scenes={list} scene={a.scene} text={a} {...(id ? { of: a } : {})} />}
            </Loaded>
          )
        }
      </Loaded>
    </>
  );
}

const inYears = (n: number) => {
  const d = new Date();
  d.setFullYear(d.getFullYear() + n);
  return d.toISOString().slice(0, 10);
};

function Form(props: {
  scenes: readonly Schemas["ZonesScene"][];
  scene: string;
  text?: Assessment;
  /** The assessment that is changed; without, a new one is written. */
  of?: Assessment;
}) {
  const t = useTexts(assessTexts);
  const d = useTexts(dutyTexts);
  const names = useTexts(nameTexts);
  const go = useNavigate();
  const renew = useRenew();
  const say = useToast();
  const { busy, error, send } = useSending();
  const from = props.text;
  const [scene, setScene] = useState(props.scene);
  const [necessity, setNecessity] = useState(from?.necessity ?? "");
  const [effects, setEffects] = useState(from?.effects ?? "");
  const [children, setChildren] = useState(from?.child_rules ?? "");
  const [heard, setHeard] = useState((from?.consultations ?? []).join("\n"));
  const [outcome, setOutcome] = useState<Assessment["outcome"] | "">(from?.outcome ?? "");
  const [until, setUntil] = useState(from ? from.valid_until.slice(0, 10) : inYears(1));
  const [reason, setReason] = useState("");
  const written = [necessity, effects, children, outcome].filter((x) => x.trim() !== "").length;
  const save = async () => {
    if (outcome === "") return;
    const consultations = heard
      .split("\n")
      .map((l) => l.trim())
      .filter(Boolean);
    const body = {
      scene,
      necessity,
      effects,
      child_rules: children,
      outcome,
      valid_until: `${until}T23:59:59Z`,
      ...(consultations.length > 0 ? { consultations } : {}),
      ...(reason ? { reason } : {}),
    };
    let id = props.of?.id ?? "";
    const done = await send(async () => {
      if (props.of)
        await client.PUT("/v1/assessments/{id}", {
          params: { path: { id }, header: { "If-Match": `"${props.of.version}"` } },
          body,
        });
      else id = (await client.POST("/v1/assessments", { body })).data?.id ?? "";
      await renew("/v1/assessments", "/v1/assessments/{id}", "/v1/assessments/{id}/history");
    });
    if (done) {
      say(t("saved"));
      void go(`/office/assessments/${id}`);
    }
  };
  const scenes = props.scenes.filter((s) => s.state !== "retired");
  return (
    <form
      className="guided"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <Part n={1} title={t("part.scope")} help={t("part.scope.help")}>
        <SelectField
          label={t("scene")}
          required
          value={scene}
          onChange={setScene}
          options={scenes.map((s) => ({
            value: s.id,
            label: `${s.id} · ${names.code("purpose", s.purpose)}`,
          }))}
        />
        <TextArea
          label={t("part.necessity")}
          hint={t("part.necessity.help")}
          required
          rows={7}
          maxLength={10000}
          value={necessity}
          onChange={setNecessity}
        />
      </Part>
      <Part n={2} title={t("part.effects")} help={t("part.effects.help")}>
        <TextArea
          label={t("part.effects")}
          required
          rows={7}
          maxLength={10000}
          value={effects}
          onChange={setEffects}
        />
      </Part>
      <Part n={3} title={t("part.children")} help={t("part.children.help")}>
        <TextArea
          label={t("part.children")}
          required
          rows={5}
          maxLength={10000}
          value={children}
          onChange={setChildren}
        />
      </Part>
      <Part n={4} title={t("part.outcome")} help={t("part.outcome.help")}>
        <RadioField
          label={t("part.outcome")}
          value={outcome}
          onChange={setOutcome}
          options={(["approved", "unclear", "rejected"] as const).map((o) => ({
            value: o,
            label: names(`outcome.${o}`),
          }))}
        />
        <TextArea
          label={t("consultations")}
          hint={t("consultations.hint")}
          required={outcome === "unclear"}
          rows={3}
          value={heard}
          onChange={setHeard}
        />
        <TextField
          label={t("until")}
          hint={t("until.hint")}
          type="date"
          required
          min={new Date().toISOString().slice(0, 10)}
          max={inYears(3)}
          value={until}
          onChange={setUntil}
        />
        {props.of ? (
          <TextField label={t("reason")} maxLength={500} value={reason} onChange={setReason} />
        ) : null}
      </Part>
      {error ? <Refusal error={error} /> : null}
      <div className="form-foot">
        <span>{t("preview", { n: written, all: 4 })}</span>
        <div className="actions">
          <LinkButton to="/office/assessments">{d("back")}</LinkButton>
          <Button submit tone="primary" pending={busy} disabled={outcome === ""}>
            {d("save")}
          </Button>
        </div>
      </div>
    </form>
  );
}

function Part(props: { n: number; title: string; help: string; children: ReactNode }) {
  const t = useTexts(assessTexts);
  return (
    <Panel title={`${props.n} · ${props.title}`}>
      <div className="guided-part">
        <div className="form">{props.children}</div>
        <div className="guide">
          <strong>{t("help")}</strong>
          <p>{props.help}</p>
        </div>
      </div>
    </Panel>
  );
}
