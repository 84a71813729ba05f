import { useState } from "react";
import { useParams } from "react-router";
import { useRenew } from "../../api/all";
import { api, client } from "../../api/client";
import { Decide } from "../../duties/decide";
import { nameTexts } from "../../duties/names";
import { Account } from "../../duties/who";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { SelectField, TextArea } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { Due, Moment } from "../../kit/time";
import { useNow } from "../../ui/parts";
import { clocksOf, type Incident } from "./clocks";
import { stateTone } from "./pages";
import { incidentTexts } from "./texts";

/** One incident: its clocks, its steps, its history. */
export function One() {
  const { id = "" } = useParams();
  const at = { params: { path: { id } } };
  const found = api.useQuery("get", "/v1/incidents/{id}", at);
  const past = api.useQuery("get", "/v1/incidents/{id}/history", at);
  return (
    <Loaded query={found} rows={6} page>
      {(i) => (
        <>
          <Shown i={i} />
          <Loaded query={past}>{(p) => <Past versions={p.versions} />}</Loaded>
        </>
      )}
    </Loaded>
  );
}

function Shown({ i }: { i: Incident }) {
  const t = useTexts(incidentTexts);
  const names = useTexts(nameTexts);
  const w = useWords();
  const now = useNow();
  return (
    <>
      <PageHead
        title={names.code("class", i.class)}
        lead={
          <>
            <Chip tone={stateTone[i.state]}>{t(`st.${i.state}`)}</Chip>{" "}
            {i.drill ? <Chip>{t("drill.tag")}</Chip> : null} {t("found")} <Moment at={i.found_at} />
          </>
        }
      />
      <div className="clocks">
        {clocksOf(i, now).map((c) => (
          <div key={c.name} className={`panel clock${c.late ? " late" : c.done ? " done" : ""}`}>
            <strong>{t(`c.${c.name}`)}</strong>
            {c.done ? (
              <span>{t(c.late ? "c.late" : "c.done", { when: w.moment(c.done) })}</span>
            ) : (
              <Due at={c.due} soon={c.name === "authority" ? 1 : 0.1} />
            )}
          </div>
        ))}
      </div>
      <Steps i={i} />
      <Panel title={t("reports")}>
        {(i.reports ?? []).length === 0 ? (
          <p className="muted">{t("reports.none")}</p>
        ) : (
          <ol className="log">
            {(i.reports ?? []).map((r) => (
              <li key={`${r.at} ${r.to}`}>
                <Moment at={r.at} />
                <strong>{t.code("to", r.to)}</strong>
                <span>{r.text}</span>
              </li>
            ))}
          </ol>
        )}
      </Panel>
    </>
  );
}

function Steps({ i }: { i: Incident }) {
  const t = useTexts(incidentTexts);
  const renew = useRenew();
  const [to, setTo] = useState<"authority" | "people" | "management" | "">("");
  const [text, setText] = useState("");
  const at = { params: { path: { id: i.id } } };
  const again = () => renew("/v1/incidents", "/v1/incidents/{id}", "/v1/incidents/{id}/history");
  if (i.state === "closed") return null;
  return (
    <Panel title={t("steps")}>
      <div className="actions">
        {i.state === "open" ? (
          <Decide
            tone="primary"
            label={t("contain")}
            title={t("contain")}
            text={t("contain.ask")}
            said={t("contained")}
            run={async (reason) => {
              await client.POST("/v1/incidents/{id}/contain", { ...at, body: { reason } });
              await again();
            }}
          />
        ) : (
          <Decide
            tone={i.state === "contained" ? "primary" : "plain"}
            label={t("report")}
            title={t("report")}
            text={t("report.ask")}
            said={t("reported")}
            run={async (reason) => {
              if (to === "") return;
              await client.POST("/v1/incidents/{id}/report", { ...at, body: { to, text, reason } });
              setText("");
              await again();
            }}
          >
            <SelectField
              label={t("report.to")}
              required
              value={to}
              onChange={setTo}
              options={(["authority", "people", "management"] as const).map((x) => ({
                value: x,
                label: t(`to.${x}`),
              }))}
            />
            <TextArea
              label={t("report.text")}
              required
              rows={4}
              maxLength={10000}
              value={text}
              onChange={setText}
            />
          </Decide>
        )}
        {i.state === "reported" ? (
          <Decide
            tone="primary"
            label={t("close")}
            title={t("close")}
            text={t("close.ask")}
            said={t("closed")}
            run={async (reason) => {
              await client.POST("/v1/incidents/{id}/close", { ...at, body: { reason } });
              await again();
            }}
          />
        ) : null}
      </div>
    </Panel>
  );
}

function Past({ versions }: { versions: readonly Incident[] }) {
  const t = useTexts(incidentTexts);
  return (
    <Panel title={t("history")}>
      <ol className="log">
        {versions.toReversed().map((v) => (
          <li key={v.version}>
            <Moment at={v.at} />
            <strong>{t(`st.${v.state}`)}</strong>
            <span>
              <Account id={v.author} />
              {v.reason ? ` · ${v.reason}` : ""}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
