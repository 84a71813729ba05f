import { useState } from "react";
import { useParams } from "react-router";
import { api, client } from "../../api/client";
import { nameTexts } from "../../duties/names";
import { Refusal } from "../../duties/reasons";
import { Account } from "../../duties/who";
import { useTexts } from "../../i18n/texts";
import { ConfirmButton } from "../../kit/dialog";
import { Loaded } from "../../kit/loaded";
import { Facts, PageHead, Panel } from "../../kit/page";
import { Due, Moment } from "../../kit/time";
import { Icon } from "../../ui/icons";
import { type Request, wayOf } from "./life";
import { Steps } from "./steps";
import { Tasks } from "./tasks";
import { rightsTexts } from "./texts";

/** Asked once for each visit, since each question is a row of the access log. */
const once = { staleTime: Number.POSITIVE_INFINITY, refetchOnMount: false as const };

/** One request with everything that can be done about it. */
export function One() {
  const { id = "" } = useParams();
  const found = api.useQuery("get", "/v1/rights/requests/{id}", { params: { path: { id } } }, once);
  return (
    <Loaded query={found} rows={8} page>
      {(r) => <Shown r={r} />}
    </Loaded>
  );
}

function Shown({ r }: { r: Request }) {
  const t = useTexts(rightsTexts);
  const names = useTexts(nameTexts);
  const open = r.state !== "fulfilled" && r.state !== "refused";
  return (
    <>
      <PageHead
        title={t("one.title", { type: names.code("type", r.type) })}
        lead={<code>{r.request_id}</code>}
      />
      <div className="note">
        <Icon name="eye" />
        <div>{t("one.recorded")}</div>
      </div>
      <Panel title={t("life")}>
        <ol className="stages">
          {wayOf(r).map((w) => (
            <li
              key={w.state}
              className={w.reached ? "reached" : ""}
              aria-current={w.state === r.state ? "step" : undefined}
            >
              {t.code("st", w.state)}
            </li>
          ))}
        </ol>
        <Facts
          rows={[
            [t("deadline"), <Due key="deadline" at={r.deadline} done={!open} />],
            [t("received"), <Moment key="received" at={r.received} ago />],
            [t("acknowledged"), r.acknowledged ? <Moment key="ack" at={r.acknowledged} /> : t("ack.no")],
            [t("extended"), r.extended],
            [
              t("changed"),
              <span key="changed">
                <Moment at={r.changed_at} /> · <Account id={r.changed_by} />
                {r.reason ? ` · ${r.reason}` : ""}
              </span>,
            ],
          ]}
        />
      </Panel>
      <Steps r={r} />
      <div className="columns">
        <Panel title={t("text")}>
          {r.text ? <p className="quote">{r.text}</p> : <p className="muted">{t("text.none")}</p>}
        </Panel>
        <Panel title={t("who")}>
          <Facts
            rows={[
              [
                t("enrollee"),
                r.enrollee ? <code key="e">{r.enrollee}</code> : r.verified_at ? t("enrollee.none") : "",
              ],
              [t("verifiedby"), r.verified_by ? t.code("m", r.verified_by) : ""],
              [t("verifiedat"), r.verified_at ? <Moment key="v" at={r.verified_at} /> : ""],
              [t("language"), languages[r.language] ?? r.language],
              [t("contact"), <Contact key="contact" id={r.request_id} />],
              [t("outcome"), r.outcome],
              [t("ground"), r.ground ? t.code("g", r.ground) : ""],
              [t("appealto"), r.appeal],
              [t("evidence"), r.evidence],
            ]}
          />
        </Panel>
      </div>
      <Tasks id={r.request_id} />
      <Past id={r.request_id} />
    </>
  );
}

/** The languages of answers, each in its own words. */
const languages: Record<string, string> = { en: "English", "zh-CN": "简体中文" };

/** How to reach the person: shown only when asked for, since each look is recorded. */
function Contact({ id }: { id: string }) {
  const t = useTexts(rightsTexts);
  const [contact, setContact] = useState("");
  if (contact) return <strong>{contact}</strong>;
  return (
    <ConfirmButton
      small
      label={t("contact.reveal")}
      title={t("contact.reveal")}
      text={t("contact.ask")}
      run={async () => {
        const { data } = await client.GET("/v1/rights/requests/{id}/contact", { params: { path: { id } } });
        setContact(data?.contact ?? "–");
      }}
    />
  );
}

function Past({ id }: { id: string }) {
  const t = useTexts(rightsTexts);
  const [asked, setAsked] = useState(false);
  const past = api.useQuery(
    "get",
    "/v1/rights/requests/{id}/history",
    { params: { path: { id } } },
    { ...once, enabled: asked },
  );
  return (
    <Panel title={t("history")}>
      {asked ? (
        past.error ? (
          <Refusal error={past.error} />
        ) : (
          <Loaded query={past}>
            {(p) => (
              <ol className="log">
                {p.versions.toReversed().map((v) => (
                  <li key={v.version}>
                    <Moment at={v.changed_at} />
                    <strong>{t.code("st", v.state)}</strong>
                    <span>
                      <Account id={v.changed_by} />
                      {v.reason ? ` · ${v.reason}` : ""}
                    </span>
                  </li>
                ))}
              </ol>
            )}
          </Loaded>
        )
      ) : (
        <ConfirmButton
          small
          label={t("history.open")}
          title={t("history.open")}
          text={t("history.ask")}
          run={async () => setAsked(true)}
        />
      )}
    </Panel>
  );
}
