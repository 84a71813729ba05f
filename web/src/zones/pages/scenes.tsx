import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { PageHead, Panel } from "../../kit/page";
import { holds, useSession } from "../../session/session";
import { Empty } from "../../ui/parts";
import { useReload, useVenue, type Venue } from "../data";
import { idPattern } from "../draw/items";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";
import { sceneTexts } from "../texts/scene";
import { SceneChip } from "./scenechip";
import { emptyScene, type SceneDraft, SceneFields, sceneBody } from "./scenefields";

/** Every scene of the site, and a new one. */
export function ScenesPage() {
  const t = useTexts(sceneTexts);
  const venue = useVenue();
  const { session } = useSession();
  const [adding, setAdding] = useState(false);
  const editor = holds(session, ["venue_owner", "privacy_officer"]);
  return (
    <Loaded query={venue} rows={6} page>
      {(v) => (
        <>
          <PageHead
            title={t("title")}
            lead={t("lead")}
            actions={
              editor && !adding && v.site ? (
                <Button tone="primary" onPress={() => setAdding(true)}>
                  {t("add")}
                </Button>
              ) : null
            }
          />
          {adding ? <AddScene venue={v} /> : null}
          {v.scenes.length === 0 && !adding ? (
            <Empty icon="gate" title={t("none")}>
              <p>{t("none.text")}</p>
              {v.site ? null : (
                <LinkButton small to="/zones">
                  {t("none.site")}
                </LinkButton>
              )}
            </Empty>
          ) : (
            <ul className="zone-cards">
              {v.scenes.map((s) => (
                <li key={s.id} className="panel zone-card">
                  <div className="zone-card-head">
                    <div>
                      <h2>
                        <Link to={`/zones/scenes/${s.id}`}>{s.id}</Link>
                      </h2>
                      <small>
                        {t(`purpose.${s.purpose}`)} · {t(`mode.${s.mode ?? "zone"}`)}
                      </small>
                    </div>
                    <SceneChip scene={s} />
                  </div>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Loaded>
  );
}

function AddScene({ venue }: { venue: Venue }) {
  const t = useTexts(sceneTexts);
  const z = useTexts(zoneTexts);
  const reload = useReload();
  const go = useNavigate();
  const [id, setID] = useState("");
  const [draft, setDraft] = useState<SceneDraft>(emptyScene(venue.site?.profile));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const taken = venue.scenes.some((s) => s.id === id);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await client.POST("/v1/scenes", { body: { id, ...sceneBody(draft), reason: t("reason") } });
      await reload();
      void go(`/zones/scenes/${id}`);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t("add")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <TextField
          required
          mono
          focus
          label={t("id")}
          hint={t("id.hint")}
          value={id}
          error={id === "" || idPattern.test(id) ? (taken ? z("id.taken") : undefined) : z("id.bad")}
          onChange={setID}
          maxLength={63}
        />
        <SceneFields value={draft} onChange={setDraft} profile={venue.site?.profile} />
        {error ? <Refusal error={error} venue={venue} /> : null}
        <div className="actions">
          <Button
            submit
            tone="primary"
            pending={busy}
            disabled={!idPattern.test(id) || taken || draft.purpose === ""}
          >
            {t("save")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
