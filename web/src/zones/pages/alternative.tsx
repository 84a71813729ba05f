import { useState } from "react";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { ifMatch, useReload, type Venue, type Zone } from "../data";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";
import { AlternativeFields } from "./zonefields";
import type { Attributes } from "./zonesave";

/** The way through without recognition, said and changed. */
export function AlternativePanel({ zone, venue }: { zone: Zone; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const readOnly = !holds(session, ["venue_owner"]) || zone.state === "retired";
  const was: Pick<Attributes, "way" | "words"> = {
    way: zone.alternative?.kind ?? "",
    words: zone.alternative?.description ?? "",
  };
  const [a, setA] = useState(was);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const changed = a.way !== was.way || a.words.trim() !== was.words;
  const save = async () => {
    if (a.way === "") return;
    setBusy(true);
    setError(undefined);
    try {
      const {
        id: _i,
        version: _v,
        at: _a,
        author: _u,
        state: _s,
        planners: _p,
        inspection: _n,
        approver: _r,
        ...rest
      } = zone;
      await client.PUT("/v1/zones/{id}", {
        params: { path: { id: zone.id }, header: ifMatch(zone) },
        body: { ...rest, alternative: { kind: a.way, description: a.words.trim() }, reason: t("alt.title") },
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
    <Panel title={t("alt.title")} note={t("alt.note")}>
      <form
        id="alternative"
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <AlternativeFields value={a} readOnly={readOnly} onChange={(c) => setA({ ...a, ...c })} />
        {error ? <Refusal error={error} of={{ zone: zone.id }} venue={venue} /> : null}
        {readOnly ? null : (
          <>
            <div className="actions">
              <Button
                submit
                tone="primary"
                pending={busy}
                disabled={!changed || a.way === "" || a.words.trim() === ""}
              >
                {t("save")}
              </Button>
            </div>
            {changed ? <p className="muted">{t("unsaved.zone")}</p> : null}
          </>
        )}
      </form>
    </Panel>
  );
}
