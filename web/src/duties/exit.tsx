import { useState } from "react";
import { useAll, useRenew } from "../api/all";
import { client, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { TextArea, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { holds, useSession } from "../session/session";
import { Empty } from "../ui/parts";
import { Decide } from "./decide";
import { exitTexts } from "./exittexts";
import { Account } from "./who";
import "./duties.css";

type Plan = Schemas["ZonesExitPlan"];
const lists = ["dismantling", "network", "disposal", "alternatives"] as const;
const tones = { planned: "muted", executing: "warn", certified: "good" } as const;

/** How the site is left: four lists, and a second person's certificate. */
export default function Exit() {
  const t = useTexts(exitTexts);
  const { session } = useSession();
  const plans = useAll("/v1/exit-plans");
  const owner = holds(session, ["administrator", "venue_owner"]);
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={owner ? <NewPlan /> : null} />
      <Loaded
        query={plans}
        empty={
          <Panel title={t("title")}>
            <Empty icon="info" title={t("none")}>
              {t("none.text")}
            </Empty>
          </Panel>
        }
      >
        {(all) => all.toReversed().map((p) => <One key={p.id} p={p} owner={owner} />)}
      </Loaded>
    </>
  );
}

function One({ p, owner }: { p: Plan; owner: boolean }) {
  const t = useTexts(exitTexts);
  const w = useWords();
  const { session } = useSession();
  const items = p.items ?? [];
  const open = items.filter((i) => !i.done_at).length;
  return (
    <Panel
      title={
        <>
          {t("title")} <Chip tone={tones[p.state]}>{t(`st.${p.state}`)}</Chip>
        </>
      }
      note={p.reason}
    >
      <Facts
        rows={[
          [t("planner"), <Account key="p" id={p.planner} />],
          [t("certifier"), p.certified_by ? <Account key="c" id={p.certified_by} /> : ""],
          [t("certificates"), (p.certificates ?? []).join(", ")],
        ]}
      />
      {lists.map((list) => (
        <section key={list} className="exit-list">
          <h3>{t(`l.${list}`)}</h3>
          {items
            .filter((i) => i.list === list)
            .map((i) => (
              <div key={i.id} className="exit-item">
                <span>{i.text}</span>
                {i.done_at ? (
                  <span className="zone-of">
                    <Chip tone="good">{t("done")}</Chip> {t("by", { when: w.moment(i.done_at) })}{" "}
                    <Account id={i.done_by} /> {i.proof ? `· ${i.proof}` : ""}
                  </span>
                ) : owner ? (
                  <Done p={p} item={i.id} />
                ) : (
                  <Chip tone="warn">{t("open")}</Chip>
                )}
              </div>
            ))}
        </section>
      ))}
      {p.state === "certified" ? null : open > 0 ? (
        <p className="zone-of">{t("left", { n: open })}</p>
      ) : p.planner === session.id ? (
        <p className="zone-of">{t("own")}</p>
      ) : (
        <Certify p={p} />
      )}
    </Panel>
  );
}

function Done({ p, item }: { p: Plan; item: string }) {
  const t = useTexts(exitTexts);
  const renew = useRenew();
  const [proof, setProof] = useState("");
  return (
    <Decide
      small
      label={t("done")}
      title={t("done")}
      text={t("done.ask")}
      run={async (reason) => {
        await client.POST("/v1/exit-plans/{id}/items/{item}/done", {
          params: { path: { id: p.id, item } },
          body: { reason, ...(proof ? { proof } : {}) },
        });
        await renew("/v1/exit-plans");
      }}
    >
      <TextField label={t("proof")} maxLength={1000} value={proof} onChange={setProof} />
    </Decide>
  );
}

function Certify({ p }: { p: Plan }) {
  const t = useTexts(exitTexts);
  const renew = useRenew();
  const [papers, setPapers] = useState("");
  return (
    <div className="actions panel-actions">
      <Decide
        tone="primary"
        label={t("certify")}
        title={t("certify")}
        text={t("certify.ask")}
        said={t("certified")}
        run={async (reason) => {
          await client.POST("/v1/exit-plans/{id}/certify", {
            params: { path: { id: p.id } },
            body: { reason, certificates: linesOf(papers) },
          });
          await renew("/v1/exit-plans");
        }}
      >
        <TextArea
          label={t("certificates")}
          hint={t("certificates.hint")}
          required
          rows={3}
          value={papers}
          onChange={setPapers}
        />
      </Decide>
    </div>
  );
}

function NewPlan() {
  const t = useTexts(exitTexts);
  const renew = useRenew();
  const [text, setText] = useState<Record<(typeof lists)[number], string>>({
    dismantling: "",
    network: "",
    disposal: "",
    alternatives: "",
  });
  return (
    <Decide
      wide
      tone="primary"
      label={t("plan")}
      title={t("plan")}
      text={t("plan.text")}
      said={t("planned")}
      run={async (reason) => {
        const items = lists.flatMap((list) =>
          linesOf(text[list]).map((line, i) => ({ id: `${list}-${i + 1}`, list, text: line })),
        );
        await client.POST("/v1/exit-plans", { body: { items, reason } });
        await renew("/v1/exit-plans");
      }}
    >
      {lists.map((list) => (
        <TextArea
          key={list}
          label={t(`l.${list}`)}
          required
          rows={2}
          value={text[list]}
          onChange={(v) => setText((all) => ({ ...all, [list]: v }))}
        />
      ))}
    </Decide>
  );
}

/** The lines of a text that say something. */
function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);
}
