import { useNavigate, useParams } from "react-router";
import { useAll, useRenew } from "../../api/all";
import { api, client, type Schemas } from "../../api/client";
import { Decide } from "../../duties/decide";
import { nameTexts } from "../../duties/names";
import { dutyTexts } from "../../duties/texts";
import { Account } from "../../duties/who";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../../kit/page";
import { Due, Moment } from "../../kit/time";
import { useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { useNow } from "../../ui/parts";
import { FieldsDiff } from "../differences";
import { standing, toneOf } from "./state";
import { assessTexts } from "./texts";

type Assessment = Schemas["ZonesAssessment"];

/** One assessment: its text, the second person's decision, and how it came about. */
export function One() {
  const { id = "" } = useParams();
  const at = { params: { path: { id } } };
  const a = api.useQuery("get", "/v1/assessments/{id}", at);
  const past = api.useQuery("get", "/v1/assessments/{id}/history", at);
  return (
    <Loaded query={a} rows={8} page>
      {(now) => (
        <>
          <Text a={now} authors={past.data?.versions.map((v) => v.assessor) ?? [now.assessor]} />
          <Loaded query={past}>{(p) => <Past versions={p.versions} />}</Loaded>
        </>
      )}
    </Loaded>
  );
}

function Text({ a, authors }: { a: Assessment; authors: readonly string[] }) {
  const t = useTexts(assessTexts);
  const d = useTexts(dutyTexts);
  const names = useTexts(nameTexts);
  const now = useNow();
  const { session } = useSession();
  const scene = useAll("/v1/scenes").data?.find((s) => s.id === a.scene);
  const s = standing(a, now);
  const mine = authors.includes(session.id);
  const parts = [
    [t("part.necessity"), a.necessity],
    [t("part.effects"), a.effects],
    [t("part.children"), a.child_rules],
    [t("consultations"), (a.consultations ?? []).join("\n")],
  ] as const;
  return (
    <>
      <PageHead
        title={t("one.title", { scene: a.scene })}
        actions={<Actions a={a} mine={mine} scene={scene} />}
      />
      {mine && !a.approved ? (
        <div className="note warn">
          <Icon name="person" />
          <div>{t("own")}</div>
        </div>
      ) : null}
      <div className="reading">
        <Panel title={t("title")}>
          <div className="prose">
            {parts.map(([name, text]) =>
              text ? (
                <section key={name}>
                  <h3>{name}</h3>
                  <p>{text}</p>
                </section>
              ) : null,
            )}
          </div>
        </Panel>
        <Panel title={t("state")}>
          <Facts
            rows={[
              [
                t("state"),
                <Chip key="state" tone={toneOf[s]}>
                  {t(`st.${s}`)}
                </Chip>,
              ],
              [t("outcome"), names.code("outcome", a.outcome)],
              [t("author"), <Account key="author" id={a.assessor} />],
              [t("approvedby"), a.approved_by ? <Account key="by" id={a.approved_by} /> : ""],
              [t("until"), <Due key="until" at={a.valid_until} soon={30} done={!a.approved} />],
              [t("at"), <Moment key="at" at={a.at} />],
              [t("resting", { scene: a.scene }), scene ? d(scene.assessment === a.id ? "yes" : "no") : ""],
              [t("scope"), <code key="scope">{a.scope_hash.slice(0, 16)}</code>],
            ]}
          />
          {a.approved ? <p className="muted small-print">{t("stays")}</p> : null}
        </Panel>
      </div>
    </>
  );
}

function Actions(props: { a: Assessment; mine: boolean; scene: Schemas["ZonesScene"] | undefined }) {
  const { a, mine, scene } = props;
  const t = useTexts(assessTexts);
  const d = useTexts(dutyTexts);
  const go = useNavigate();
  const renew = useRenew();
  const again = () =>
    renew("/v1/assessments", "/v1/assessments/{id}", "/v1/assessments/{id}/history", "/v1/scenes");
  const at = { params: { path: { id: a.id } } };
  return (
    <>
      {a.approved ? (
        <LinkButton to={`/office/assessments/new?from=${a.id}`}>{t("copy")}</LinkButton>
      ) : (
        <LinkButton to="edit">{d("edit")}</LinkButton>
      )}
      {a.approved && scene && scene.assessment !== a.id && scene.state !== "retired" ? (
        <Decide
          tone="primary"
          label={t("rest")}
          title={t("rest")}
          text={t("rest.ask", { scene: a.scene })}
          said={t("rested", { scene: a.scene })}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/assess", {
              params: { path: { id: a.scene } },
              body: { assessment: a.id, reason },
            });
            await again();
          }}
        />
      ) : null}
      {a.approved || mine || a.outcome === "rejected" ? null : (
        <Decide
          tone="primary"
          label={t("approve")}
          title={t("approve")}
          text={t("approve.ask")}
          said={t("approved")}
          run={async (reason) => {
            await client.POST("/v1/assessments/{id}/approve", { ...at, body: { reason } });
            await again();
          }}
        />
      )}
      <Decide
        tone="quiet"
        label={t("dispose")}
        title={t("dispose")}
        text={t("dispose.ask")}
        said={t("disposed")}
        run={async (reason) => {
          await client.DELETE("/v1/assessments/{id}", {
            params: { path: { id: a.id }, query: { reason } },
          });
          await renew("/v1/assessments");
          void go("/office/assessments");
        }}
      />
    </>
  );
}

function Past({ versions }: { versions: readonly Assessment[] }) {
  const t = useTexts(assessTexts);
  const d = useTexts(dutyTexts);
  const names = useTexts(nameTexts);
  const fields = (a: Assessment, b: Assessment) => [
    { name: t("scene"), before: a.scene, after: b.scene },
    { name: t("part.necessity"), before: a.necessity, after: b.necessity },
    { name: t("part.effects"), before: a.effects, after: b.effects },
    { name: t("part.children"), before: a.child_rules, after: b.child_rules },
    {
      name: t("consultations"),
      before: (a.consultations ?? []).join("\n"),
      after: (b.consultations ?? []).join("\n"),
    },
    { name: t("outcome"), before: names.code("outcome", a.outcome), after: names.code("outcome", b.outcome) },
    { name: t("until"), before: a.valid_until.slice(0, 10), after: b.valid_until.slice(0, 10) },
    {
      name: t("state"),
      before: a.approved ? t("st.approved") : t("st.draft"),
      after: b.approved ? t("st.approved") : t("st.draft"),
    },
  ];
  return (
    <Panel title={t("history")} note={t("history.note")}>
      <ol className="past">
        {versions.toReversed().map((v, i, all) => {
          const before = all[i + 1];
          return (
            <li key={v.version}>
              <details open={i === 0 && before !== undefined}>
                <summary>
                  {before
                    ? t("compare", { a: before.version, b: v.version })
                    : `${d("version", { n: v.version })} · ${t("first")}`}
                  <span className="muted">
                    <Moment at={v.at} /> · <Account id={v.author} />
                    {v.reason ? ` · ${v.reason}` : ""}
                  </span>
                </summary>
                {before ? <FieldsDiff fields={fields(before, v)} /> : null}
              </details>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
