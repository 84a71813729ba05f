import { useQuery } from "@tanstack/react-query";
import { client, RequestError } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure } from "../kit/failure";
import { Panel } from "../kit/page";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { Loading } from "../ui/parts";
import { save } from "./answer";
import { type Kept, keep, useKept } from "./kept";
import {
  type Continued,
  checkContinued,
  checkEvent,
  type Inclusion,
  type Step,
  spanOf,
  verdict,
} from "./proof";
import { proofTexts } from "./prooftexts";

interface Trail {
  steps: readonly Step[];
  proof: Inclusion;
  vkey: string;
  /** Against the oldest checkpoint that is kept of this log; undefined when none is. */
  kept: Continued | undefined;
}

/** Fetches what proves a row, and checks it here. Undefined while no checkpoint covers it. */
async function prove(
  row: string,
  key: string,
  chain: string,
  seq: number,
  kept: readonly Kept[],
): Promise<Trail | null> {
  const logs = (await client.GET("/v1/audit/logs")).data?.logs ?? [];
  const vkey = logs.find((l) => l.chain === chain)?.vkey ?? "";
  let proof: Inclusion;
  try {
    const { data } = await client.GET("/v1/audit/proof", { params: { query: { chain, seq } } });
    if (!data) return null;
    proof = data;
  } catch (err) {
    if (err instanceof RequestError && err.code === "NOT_IN_LOG") return null;
    throw err;
  }
  const oldest = kept.find((k) => k.origin === proof.origin);
  return {
    steps: await checkEvent(row, key, proof, vkey),
    proof,
    vkey,
    kept: oldest ? await compare(oldest, chain, proof.checkpoint, vkey) : undefined,
  };
}

/** Holds a kept checkpoint against the newest one, under the key that was kept with it. */
export async function compare(kept: Kept, chain: string, newest: string, vkey: string): Promise<Continued> {
  if (kept.vkey !== vkey) return { state: "failed", code: "OTHER_KEY", from: 0, to: 0 };
  let from = 0;
  let to = 0;
  try {
    ({ from, to } = spanOf(kept.checkpoint, newest));
  } catch {
    return { state: "failed", code: "CHECKPOINT_UNREADABLE", from, to };
  }
  const hashes =
    from === to || from === 0
      ? []
      : ((await client.GET("/v1/audit/consistency", { params: { query: { chain, from, to } } })).data
          ?.hashes ?? []);
  return checkContinued(kept.checkpoint, newest, vkey, hashes);
}

/** The proof of one row, step by step, checked when it is shown. */
export function ProofTrail(props: { row: string; edgeKey: string; chain: string; seq: number }) {
  const t = useTexts(proofTexts);
  const say = useToast();
  const kept = useKept();
  const trail = useQuery({
    queryKey: ["audit", "proof", props.row, kept],
    queryFn: () => prove(props.row, props.edgeKey, props.chain, props.seq, kept),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const again = (
    <Button small onPress={() => void trail.refetch()} pending={trail.isFetching}>
      {t("again")}
    </Button>
  );
  if (trail.error)
    return (
      <Panel title={t("title")}>
        <Failure error={trail.error} onRetry={() => void trail.refetch()} />
      </Panel>
    );
  if (trail.data === undefined)
    return (
      <Panel title={t("title")}>
        <Loading rows={5} />
      </Panel>
    );
  if (trail.data === null)
    return (
      <Panel title={t("title")} actions={again}>
        <p className="note" role="status">
          <Icon name="clock" />
          <span>{t("verdict.wait")}</span>
        </p>
      </Panel>
    );
  const { steps, proof, vkey } = trail.data;
  const last = keptStep(trail.data.kept);
  const all = last ? [...steps, last] : steps;
  const state = verdict(all);
  return (
    <Panel title={t("title")} note={t("lead")} actions={again}>
      <div className="audit-proof">
        <Verdict state={state} />
        <ol className="audit-steps">
          {all.map((s) => (
            <StepView key={s.name} step={s} />
          ))}
        </ol>
        <div className="actions">
          {kept.some((k) => k.checkpoint === proof.checkpoint) || state === "failed" ? null : (
            <Button
              small
              onPress={() => {
                keep({
                  origin: proof.origin,
                  vkey,
                  checkpoint: proof.checkpoint,
                  at: new Date().toISOString(),
                });
                say(t("keep.done"));
              }}
            >
              {t("keep.do")}
            </Button>
          )}
          <Button small onPress={() => save(new Blob([props.row]), `${props.chain}-${props.seq}.json`)}>
            {t("save.row")}
          </Button>
          <Button
            small
            onPress={() => save(new Blob([proofText(proof)]), `${props.chain}-${props.seq}.tlog-proof`)}
          >
            {t("save.proof")}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

type Shown = Omit<Step, "name"> & { name: Step["name"] | "kept" };

function keptStep(c: Continued | undefined): Shown | undefined {
  if (!c) return undefined;
  return { name: "kept", state: c.state, ...(c.code ? { code: c.code } : {}), seen: [] };
}

/** The proof as c2sp.org/tlog-proof has it, to be kept beside the row. */
function proofText(p: Inclusion): string {
  return `c2sp.org/tlog-proof@v1\nindex ${p.index}\n${p.hashes.map((h) => `${h}\n`).join("")}\n${p.checkpoint}`;
}

export function Verdict({ state }: { state: Step["state"] }) {
  const t = useTexts(proofTexts);
  const tone = { held: "good", failed: "bad", unable: "warn" }[state];
  return (
    <div className={`note ${tone} audit-verdict`} role="status" data-verdict={state}>
      <Icon name={state === "held" ? "check" : "warn"} />
      <div>
        <strong>{t(`verdict.${state}`)}</strong>
      </div>
    </div>
  );
}

function StepView({ step }: { step: Shown }) {
  const t = useTexts(proofTexts);
  const tone = { held: "good", failed: "bad", unable: "warn" }[step.state];
  return (
    <li data-step={step.name} data-state={step.state}>
      <span className={`state ${tone}`}>
        <Icon name={step.state === "held" ? "check" : step.state === "failed" ? "close" : "help"} />
      </span>
      <div>
        <p>
          <strong>{t(`step.${step.name}`)}</strong>{" "}
          <span className={`chip ${tone}`}>{t(`state.${step.state}`)}</span>
        </p>
        <p className="audit-note">
          {step.code && step.state !== "held" ? t.code("code", step.code) : t(`step.${step.name}.text`)}
        </p>
        {step.seen.length > 0 ? (
          <details>
            <summary>{t("details")}</summary>
            <dl className="audit-seen">
              {step.seen.map(([name, value]) => (
                <div key={name}>
                  <dt>{t.code("seen", name)}</dt>
                  <dd>
                    <code>{value}</code>
                  </dd>
                </div>
              ))}
            </dl>
          </details>
        ) : null}
      </div>
    </li>
  );
}
