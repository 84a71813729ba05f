import { useState } from "react";
import { useAll, useRenew } from "../api/all";
import { client, type Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { Moment } from "../kit/time";
import { holds, useSession } from "../session/session";
import { Empty } from "../ui/parts";
import { Decide } from "./decide";
import { nameTexts } from "./names";
import { SceneForm } from "./sceneform";
import { sceneTexts } from "./scenetexts";
import { Zones } from "./scenezones";
import "./duties.css";

export type Scene = Schemas["ZonesScene"];
const tones = {
  draft: "muted",
  assessed: "warn",
  enabled: "good",
  paused: "warn",
  retired: "muted",
} as const;

/** Scenes and their zones, with the steps that a second person takes. */
export default function Scenes() {
  const t = useTexts(sceneTexts);
  const { session } = useSession();
  const scenes = useAll("/v1/scenes");
  const editor = holds(session, ["privacy_officer", "venue_owner"]);
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={editor ? <SceneForm /> : null} />
      <Loaded
        query={scenes}
        empty={
          <Panel title={t("scenes")}>
            <Empty icon="gate" title={t("none")}>
              {t("none.text")}
            </Empty>
          </Panel>
        }
      >
        {(list) => (
          <div className="columns">
            {list.map((s) => (
              <One key={s.id} s={s} />
            ))}
          </div>
        )}
      </Loaded>
      <Zones />
    </>
  );
}

function One({ s }: { s: Scene }) {
  const t = useTexts(sceneTexts);
  const names = useTexts(nameTexts);
  const yes = (
    [
      "children",
      "records",
      "separate_consent",
      "entry_is_consent",
      "external_recorder",
      "pad",
      "live_clear",
      "record_clear",
    ] as const
  ).filter((k) => s[k]);
  return (
    <Panel
      title={
        <>
          {s.id} <Chip tone={tones[s.state]}>{t(`st.${s.state}`)}</Chip>
        </>
      }
      note={s.decision}
    >
      <Facts
        rows={[
          [t("purpose"), names.code("purpose", s.purpose)],
          [t("mode"), s.mode ? names.code("mode", s.mode) : ""],
          [t("notice"), s.notice ?? t("notice.none")],
          [t("assessment"), s.assessment ? <code key="a">{s.assessment.slice(-8)}</code> : t("review.none")],
          [
            t("review"),
            s.legal_review?.reviewer ? (
              <span key="r">
                {s.legal_review.reviewer} · <Moment at={s.legal_review.date} />
              </span>
            ) : (
              t("review.none")
            ),
          ],
          [
            t("declarations"),
            yes.length > 0 ? (
              <ul key="d" className="plain-list">
                {yes.map((k) => (
                  <li key={k}>{t(`f.${k}`)}</li>
                ))}
              </ul>
            ) : (
              ""
            ),
          ],
        ]}
      />
      {s.state === "retired" ? null : <Steps s={s} />}
    </Panel>
  );
}

function Steps({ s }: { s: Scene }) {
  const t = useTexts(sceneTexts);
  const renew = useRenew();
  const { session } = useSession();
  const privacy = holds(session, ["privacy_officer"]);
  const at = { params: { path: { id: s.id } } };
  const again = () => renew("/v1/scenes", "/v1/zones/{id}/coverage");
  return (
    <div className="actions panel-actions">
      {s.state === "assessed" || s.state === "paused" ? (
        <Decide
          tone="primary"
          label={t("enable")}
          title={t("enable")}
          text={t("enable.ask")}
          said={t("enabled")}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/enable", { ...at, body: { reason } });
            await again();
          }}
        />
      ) : null}
      {s.state === "enabled" ? (
        <Decide
          tone="danger"
          label={t("pause")}
          title={t("pause")}
          text={t("pause.ask")}
          said={t("paused")}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/pause", { ...at, body: { reason } });
            await again();
          }}
        />
      ) : null}
      {privacy ? <Review s={s} again={again} /> : null}
      {privacy ? <SceneForm of={s} /> : null}
      {privacy ? (
        <Decide
          tone="quiet"
          label={t("retire")}
          title={t("retire")}
          text={t("retire.ask")}
          said={t("retired")}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/retire", { ...at, body: { reason } });
            await again();
          }}
        />
      ) : null}
    </div>
  );
}

function Review({ s, again }: { s: Scene; again: () => Promise<void> }) {
  const t = useTexts(sceneTexts);
  const [reviewer, setReviewer] = useState("");
  const [date, setDate] = useState("");
  return (
    <Decide
      bare
      label={t("review.do")}
      title={t("review")}
      text={t("review.ask")}
      run={async () => {
        await client.PUT("/v1/scenes/{id}/legal-review", {
          params: { path: { id: s.id } },
          body: { reviewer, date: `${date}T00:00:00Z` },
        });
        await again();
      }}
    >
      <TextField label={t("review.who")} required maxLength={200} value={reviewer} onChange={setReviewer} />
      <TextField
        label={t("review.date")}
        type="date"
        required
        max={new Date().toISOString().slice(0, 10)}
        value={date}
        onChange={setDate}
      />
    </Decide>
  );
}
