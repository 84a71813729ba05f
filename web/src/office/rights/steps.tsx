import { useState } from "react";
import { useRenew } from "../../api/all";
import { client, problemOf } from "../../api/client";
import { send } from "../../api/send";
import { Decide } from "../../duties/decide";
import { useTexts } from "../../i18n/texts";
import { SelectField, TextArea, TextField } from "../../kit/fields";
import { Panel } from "../../kit/page";
import { erases, type Request, type StepName, stepsOf } from "./life";
import { rightsTexts } from "./texts";

interface Props {
  r: Request;
  primary: boolean;
  done: () => Promise<void>;
}

/** What can be done about a request now; the awaited step first. */
export function Steps({ r }: { r: Request }) {
  const t = useTexts(rightsTexts);
  const renew = useRenew();
  const done = () =>
    renew(
      "/v1/rights/requests",
      "/v1/rights/requests/{id}",
      "/v1/rights/requests/{id}/tasks",
      "/v1/rights/requests/{id}/history",
    );
  const steps = stepsOf(r);
  const awaited = steps.find((s) => s !== "acknowledge") ?? steps[0];
  return (
    <Panel title={t("steps")}>
      {steps.length === 0 ? (
        <p className="muted">{t("done")}</p>
      ) : (
        <div className="actions">
          {steps.map((s) => {
            const Step = parts[s];
            return <Step key={s} r={r} primary={s === awaited} done={done} />;
          })}
        </div>
      )}
    </Panel>
  );
}

const parts: Record<StepName, (p: Props) => React.ReactNode> = {
  acknowledge: Acknowledge,
  verify: Verify,
  begin: Begin,
  extend: Extend,
  refuse: Refuse,
  fulfil: Fulfil,
  bundle: Bundle,
};

const path = (r: Request) => ({ params: { path: { id: r.request_id } } });
const tone = (primary: boolean) => (primary ? ("primary" as const) : ("plain" as const));

function Acknowledge({ r, primary, done }: Props) {
  const t = useTexts(rightsTexts);
  return (
    <Decide
      bare
      tone={tone(primary)}
      label={t("acknowledge")}
      title={t("acknowledge")}
      text={t("acknowledge.ask")}
      said={t("acknowledge.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/acknowledge", { ...path(r), body: {} });
        await done();
      }}
    />
  );
}

function Verify({ r, primary, done }: Props) {
  const t = useTexts(rightsTexts);
  const [how, setHow] = useState<"in_person" | "receipt" | "kin_proof" | "">("");
  const [enrollee, setEnrollee] = useState("");
  const [seen, setSeen] = useState("");
  const ways = r.type === "deceased_kin" ? (["kin_proof"] as const) : (["in_person", "receipt"] as const);
  return (
    <Decide
      bare
      tone={tone(primary)}
      label={t("verify")}
      title={t("verify")}
      text={t("verify.ask")}
      said={t("verify.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/verify", {
          ...path(r),
          body: { enrollee: enrollee.trim(), verified_by: how || ways[0], reason: seen },
        });
        await done();
      }}
    >
      <SelectField
        label={t("verify.how")}
        required
        value={how}
        onChange={setHow}
        options={ways.map((m) => ({ value: m, label: t(`m.${m}`) }))}
      />
      <TextField
        label={t("verify.enrollee")}
        hint={t("verify.enrollee.hint")}
        mono
        maxLength={64}
        value={enrollee}
        onChange={setEnrollee}
      />
      <TextField
        label={t("verify.reason")}
        hint={t("verify.reason.hint")}
        required
        maxLength={500}
        value={seen}
        onChange={setSeen}
      />
    </Decide>
  );
}

function Begin({ r, primary, done }: Props) {
  const t = useTexts(rightsTexts);
  return (
    <Decide
      bare
      tone={tone(primary)}
      label={t("begin")}
      title={t("begin")}
      text={t("begin.ask")}
      said={t("begin.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/begin", { ...path(r), body: {} });
        await done();
      }}
    />
  );
}

function Extend({ r, done }: Props) {
  const t = useTexts(rightsTexts);
  const [until, setUntil] = useState("");
  const [why, setWhy] = useState("");
  return (
    <Decide
      bare
      label={t("extend")}
      title={t("extend")}
      text={t("extend.ask")}
      said={t("extend.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/extend", {
          ...path(r),
          body: { deadline: `${until}T23:59:59Z`, reason: why },
        });
        await done();
      }}
    >
      <TextField
        label={t("extend.deadline")}
        type="date"
        required
        min={r.deadline.slice(0, 10)}
        value={until}
        onChange={setUntil}
      />
      <TextArea label={t("extend.reason")} required rows={3} maxLength={500} value={why} onChange={setWhy} />
    </Decide>
  );
}

const grounds = [
  "UNLAWFUL",
  "REPETITIVE",
  "DISPROPORTIONATE",
  "HARMS_OTHERS",
  "IMPRACTICAL",
  "UNIDENTIFIED",
] as const;

function Refuse({ r, done }: Props) {
  const t = useTexts(rightsTexts);
  const [ground, setGround] = useState<(typeof grounds)[number] | "">("");
  const [text, setText] = useState("");
  const [appeal, setAppeal] = useState("");
  const [evidence, setEvidence] = useState("");
  const may = grounds.filter((g) => g !== "UNIDENTIFIED" || r.state === "received");
  return (
    <Decide
      bare
      tone="danger"
      label={t("refuse")}
      title={t("refuse")}
      text={t("refuse.ask")}
      said={t("refuse.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/refuse", {
          ...path(r),
          body: { ground: ground || "UNLAWFUL", text, appeal, ...(evidence ? { evidence } : {}) },
        });
        await done();
      }}
    >
      <SelectField
        label={t("ground")}
        required
        value={ground}
        onChange={setGround}
        options={may.map((g) => ({ value: g, label: t(`g.${g}`) }))}
      />
      <TextArea label={t("refuse.text")} required rows={4} maxLength={4000} value={text} onChange={setText} />
      <TextField label={t("refuse.appeal")} required maxLength={400} value={appeal} onChange={setAppeal} />
      {ground === "IMPRACTICAL" ? (
        <TextField
          label={t("refuse.evidence")}
          required
          maxLength={400}
          value={evidence}
          onChange={setEvidence}
        />
      ) : null}
    </Decide>
  );
}

function Fulfil({ r, primary, done }: Props) {
  const t = useTexts(rightsTexts);
  const [outcome, setOutcome] = useState("");
  return (
    <Decide
      bare
      tone={erases(r) ? "danger" : tone(primary)}
      label={t("fulfil")}
      title={t("fulfil")}
      text={
        <>
          <p>{t("fulfil.ask")}</p>
          {erases(r) ? <p>{t("fulfil.erase")}</p> : null}
        </>
      }
      said={t("fulfil.said")}
      run={async () => {
        await client.POST("/v1/rights/requests/{id}/fulfil", { ...path(r), body: { outcome } });
        await done();
      }}
    >
      <TextArea
        label={t("fulfil.outcome")}
        required
        rows={4}
        maxLength={4000}
        value={outcome}
        onChange={setOutcome}
      />
    </Decide>
  );
}

function Bundle({ r, primary }: Props) {
  const t = useTexts(rightsTexts);
  return (
    <Decide
      bare
      tone={tone(primary)}
      label={t("bundle")}
      title={t("bundle")}
      text={t("bundle.ask")}
      said={t("bundle.said")}
      run={() => download(r)}
    />
  );
}

/** Fetches the bundle first, so that a refusal can be shown instead of saved as a file. */
async function download(r: Request): Promise<void> {
  const res = await send(new Request(`/v1/rights/requests/${r.request_id}/bundle`));
  if (!res.ok) throw await problemOf(res);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await res.blob());
  link.download = `${r.request_id}.zip`;
  link.click();
  URL.revokeObjectURL(link.href);
}
