import { useState } from "react";
import { Link } from "react-router";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { Loaded } from "../../kit/loaded";
import { Facts, PageHead, Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { ifMatch, type Scene, useReload, useVenue, type Venue } from "../data";
import { Decide } from "../decide";
import { useDay } from "../kindof";
import { Refusal } from "../problem";
import { sceneTexts } from "../texts/scene";
import { SceneChip } from "./scenechip";
import { type SceneDraft, SceneFields, sceneBody, sceneDraft } from "./scenefields";

/** One scene: what it is for, who decides about it, and its steps. */
export function ScenePage({ id }: { id: string }) {
  const t = useTexts(sceneTexts);
  const venue = useVenue();
  return (
    <Loaded query={venue} rows={6} page>
      {(v) => {
        const scene = v.scenes.find((s) => s.id === id);
        return scene ? (
          <Shown key={scene.version} scene={scene} venue={v} />
        ) : (
          <Gone title={t("gone", { id })} to="/zones/scenes" />
        );
      }}
    </Loaded>
  );
}

function Shown({ scene, venue }: { scene: Scene; venue: Venue }) {
  const t = useTexts(sceneTexts);
  const day = useDay();
  const { session } = useSession();
  const zones = venue.zones.filter((z) => z.scene === scene.id && z.state !== "retired");
  return (
    <>
      <PageHead
        title={
          <>
            {t("one", { id: scene.id })} <SceneChip scene={scene} />
          </>
        }
        lead={t(`purpose.${scene.purpose}`)}
        actions={scene.state === "retired" ? null : <Moves scene={scene} venue={venue} />}
      />
      <div className="columns">
        <EditScene
          scene={scene}
          venue={venue}
          readOnly={!holds(session, ["venue_owner", "privacy_officer"]) || scene.state === "retired"}
        />
        <Panel title={t("state")}>
          <Facts
            rows={[
              [t("state"), t(`state.${scene.state}`)],
              [t("notice"), scene.notice],
              [t("assessment"), scene.assessment],
              [
                t("review"),
                scene.legal_review ? `${scene.legal_review.reviewer}, ${day(scene.legal_review.date)}` : "",
              ],
              [t("editors"), scene.editors?.join(", ")],
              [t("approver"), scene.approver],
              [
                t("zones"),
                zones.length > 0
                  ? zones.map((z) => (
                      <span key={z.id}>
                        <Link to={`/zones/zone/${z.id}`}>{z.id}</Link>{" "}
                      </span>
                    ))
                  : "",
              ],
            ]}
          />
          <h3>{t("who")}</h3>
          <ul className="plain-list">
            {(["who.edit", "who.assess", "who.enable", "who.pause"] as const).map((k) => (
              <li key={k}>{t(k)}</li>
            ))}
          </ul>
          {holds(session, ["privacy_officer"]) ? <LinkButton to="/office">{t("office")}</LinkButton> : null}
        </Panel>
      </div>
    </>
  );
}

function Moves({ scene, venue }: { scene: Scene; venue: Venue }) {
  const t = useTexts(sceneTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const params = { path: { id: scene.id } };
  const after = async () => {
    say(t("done"));
    await reload();
  };
  const of = { scene: scene.id };
  return (
    <>
      {scene.state !== "enabled" && holds(session, ["privacy_officer", "administrator"]) ? (
        <Decide
          tone="primary"
          label={t("enable")}
          title={t("enable.ask", { id: scene.id })}
          text={t("enable.text")}
          of={of}
          venue={venue}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/enable", { params, body: { reason } });
            await after();
          }}
        />
      ) : null}
      {scene.state === "enabled" ? (
        <Decide
          tone="danger"
          label={t("pause")}
          title={t("pause.ask", { id: scene.id })}
          text={t("pause.text")}
          of={of}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/pause", { params, body: { reason } });
            await after();
          }}
        />
      ) : null}
      {holds(session, ["venue_owner", "privacy_officer"]) ? (
        <Decide
          tone="danger"
          label={t("retire")}
          title={t("retire.ask", { id: scene.id })}
          text={t("retire.text")}
          of={of}
          run={async (reason) => {
            await client.POST("/v1/scenes/{id}/retire", { params, body: { reason } });
            await after();
          }}
        />
      ) : null}
    </>
  );
}

function EditScene({ scene, venue, readOnly }: { scene: Scene; venue: Venue; readOnly: boolean }) {
  const t = useTexts(sceneTexts);
  const say = useToast();
  const reload = useReload();
  const was = sceneDraft(scene);
  const [draft, setDraft] = useState<SceneDraft>(was);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const changed = JSON.stringify(was) !== JSON.stringify(draft);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await client.PUT("/v1/scenes/{id}", {
        params: { path: { id: scene.id }, header: ifMatch(scene) },
        body: { ...sceneBody(draft, scene), reason: t("reason") },
      });
      say(t("saved"));
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t("purpose")} note={t("alternative")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <SceneFields value={draft} onChange={setDraft} profile={venue.site?.profile} readOnly={readOnly} />
        {error ? <Refusal error={error} of={{ scene: scene.id }} venue={venue} /> : null}
        {readOnly ? null : (
          <>
            <div className="actions">
              <Button submit tone="primary" pending={busy} disabled={!changed}>
                {t("save")}
              </Button>
            </div>
            {changed ? <p className="muted">{t("edit.note")}</p> : null}
          </>
        )}
      </form>
    </Panel>
  );
}
