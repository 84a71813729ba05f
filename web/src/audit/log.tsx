import { useState } from "react";
import { api, client, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure } from "../kit/failure";
import { TextArea } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Facts, PageHead, Panel } from "../kit/page";
import { Empty } from "../ui/parts";
import { save } from "./answer";
import { momentText } from "./cell";
import { forget, type Kept, keep, useKept } from "./kept";
import { logTexts } from "./logtexts";
import { type Continued, parseCheckpointOrigin } from "./proof";
import { proofTexts } from "./prooftexts";
import { compare } from "./prooftrail";
import { PurposeBar } from "./purpose";
import { VerifyRange } from "./verify";

type LogInfo = Schemas["AuditorLogInfo"];

/** The log as a whole: a range of it verified, and kept checkpoints held against it. */
export default function LogPage() {
  const t = useTexts(logTexts);
  const p = useTexts(proofTexts);
  const logs = api.useQuery("get", "/v1/audit/logs");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <PurposeBar />
      <Loaded query={logs}>
        {({ logs: list }) => (
          <>
            <VerifyRange chains={list.map((l) => ({ chain: l.chain, last: l.first + l.size - 1 }))} />
            <div className="columns">
              <KeptList logs={list} />
              {list.length === 0 ? (
                <Panel title={p("log.title")}>
                  <Empty icon="info" title={p("log.none")}>
                    {p("log.none.text")}
                  </Empty>
                </Panel>
              ) : (
                list.map((l) => <LogNow key={l.chain} log={l} />)
              )}
              {list.length > 0 ? <Paste logs={list} /> : null}
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

const newest = async (chain: string): Promise<string> =>
  (await client.GET("/v1/audit/log/{chain}/checkpoint", { params: { path: { chain } }, parseAs: "text" }))
    .data as string;

function LogNow({ log }: { log: LogInfo }) {
  const p = useTexts(proofTexts);
  const e = useTexts(logTexts);
  const w = useWords();
  const [error, setError] = useState<unknown>();
  const take = async () => {
    setError(undefined);
    try {
      const checkpoint = await newest(log.chain);
      keep({ origin: log.origin, vkey: log.vkey, checkpoint, at: new Date().toISOString() });
    } catch (err) {
      setError(err);
    }
  };
  return (
    <Panel title={p("log.title")}>
      <div className="form">
        <Facts
          rows={[
            [p("log.origin"), log.origin],
            [e("verify.chain"), log.chain],
            [p("log.size"), w.number(log.size)],
            [p("log.published"), w.number(log.published)],
            [p("log.witness"), log.witnessed ? "✓" : "–"],
            [
              p("seen.vkey"),
              <code key="k" className="audit-hash">
                {log.vkey}
              </code>,
            ],
          ]}
        />
        {error ? <Failure error={error} /> : null}
        <div className="actions">
          <Button small disabled={log.published === 0} onPress={() => void take()}>
            {p("keep.do")}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function KeptList({ logs }: { logs: readonly LogInfo[] }) {
  const p = useTexts(proofTexts);
  const w = useWords();
  const kept = useKept();
  return (
    <Panel title={p("keep.title")} note={p("keep.lead")}>
      {kept.length === 0 ? (
        <Empty icon="film" title={p("keep.none")}>
          {p("keep.none.text")}
        </Empty>
      ) : (
        <div className="form">
          <ul className="audit-kept">
            {kept.map((k) => (
              <li key={k.checkpoint}>
                <p>
                  <strong className="num">
                    {p("keep.size", { n: Number(k.checkpoint.split("\n")[1]) })}
                  </strong>{" "}
                  · {k.origin} · {p("keep.at", { at: momentText(k.at, w.lang) })}
                </p>
                <Compared kept={k} logs={logs} />
              </li>
            ))}
          </ul>
          <div className="actions">
            <Button small onPress={() => save(new Blob([JSON.stringify(kept, null, 2)]), "checkpoints.json")}>
              {p("keep.save")}
            </Button>
          </div>
        </div>
      )}
    </Panel>
  );
}

/** A kept checkpoint with its buttons, and what comparing it found. */
function Compared({ kept, logs }: { kept: Kept; logs: readonly LogInfo[] }) {
  const p = useTexts(proofTexts);
  const { found, error, busy, run } = useCompare(logs);
  return (
    <>
      <Found found={found} error={error} />
      <div className="actions">
        <Button small pending={busy} onPress={() => void run(kept)}>
          {p("keep.compare")}
        </Button>
        <Button small tone="quiet" onPress={() => forget(kept.checkpoint)}>
          {p("keep.remove")}
        </Button>
      </div>
    </>
  );
}

function Paste({ logs }: { logs: readonly LogInfo[] }) {
  const p = useTexts(proofTexts);
  const [text, setText] = useState("");
  const { found, error, busy, run } = useCompare(logs);
  return (
    <Panel title={p("paste.title")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          const checkpoint = text.endsWith("\n") ? text : `${text}\n`;
          const log = logs.find((l) => l.origin === parseCheckpointOrigin(checkpoint)) ?? logs[0];
          void run({ origin: log?.origin ?? "", vkey: log?.vkey ?? "", checkpoint, at: "" });
        }}
      >
        <TextArea label={p("paste.label")} value={text} onChange={setText} rows={6} />
        <Found found={found} error={error} />
        <div className="actions">
          <Button submit pending={busy} disabled={text.trim() === ""}>
            {p("paste.go")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function useCompare(logs: readonly LogInfo[]) {
  const [found, setFound] = useState<Continued>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async (kept: Kept) => {
    setBusy(true);
    setError(undefined);
    setFound(undefined);
    try {
      const log = logs.find((l) => l.origin === kept.origin);
      setFound(
        log
          ? await compare(kept, log.chain, await newest(log.chain), log.vkey)
          : { state: "failed", code: "OTHER_KEY", from: 0, to: 0 },
      );
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return { found, error, busy, run };
}

function Found({ found, error }: { found: Continued | undefined; error: unknown }) {
  const p = useTexts(proofTexts);
  if (error) return <Failure error={error} />;
  if (!found) return null;
  const tone = { held: "good", failed: "bad", unable: "warn" }[found.state];
  return (
    <p className={`note ${tone}`} role="status" data-compared={found.state}>
      {found.state === "held"
        ? p("keep.held", { from: found.from, to: found.to })
        : p.code("code", found.code)}
    </p>
  );
}
