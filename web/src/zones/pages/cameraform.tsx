import { useState } from "react";
import { client } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { SelectField, TextField } from "../../kit/fields";
import { Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { type CameraPolicy, ifMatch, useReload, type Venue } from "../data";
import { PhotoField, Photos } from "../photos";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";
import { cameraTexts } from "../texts/camera";

const places = [
  "lobby",
  "entrance",
  "gate",
  "corridor",
  "shop",
  "office",
  "hall",
  "stage",
  "arcade",
  "platform",
  "car_park",
  "street",
] as const;
type Place = (typeof places)[number] | "other";

/** What is registered of a camera: its place, and the signed statement. */
export function CameraForm({
  id,
  policy,
  venue,
}: {
  id: string;
  policy: CameraPolicy | undefined;
  venue: Venue;
}) {
  const t = useTexts(zoneTexts);
  const c = useTexts(cameraTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const mayEdit = holds(session, ["venue_owner", "administrator"]);
  const [f, setF] = useState(() => {
    const k = policy?.checklist;
    return {
      place: policy?.place_type ?? "",
      paper: k?.id ?? "",
      by: k?.signed_by ?? "",
      installer: k?.installer ?? "",
      ack: k?.acknowledged?.slice(0, 10) ?? "",
      photos: k?.photos ?? [],
    };
  });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const known = (places as readonly string[]).includes(f.place);
  const [other, setOther] = useState(f.place !== "" && !known);
  const started = f.paper !== "" || f.by !== "" || f.installer !== "" || f.photos.length > 0;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await client.PUT("/v1/cameras/{id}/policy", {
        params: { path: { id }, ...(policy ? { header: ifMatch(policy) } : {}) },
        body: {
          place_type: f.place.trim(),
          ...(policy?.private ? { private: policy.private } : {}),
          ...(policy?.placement ? { placement: policy.placement } : {}),
          ...(started
            ? {
                checklist: {
                  id: f.paper.trim(),
                  signed_by: f.by.trim(),
                  photos: f.photos,
                  ...(f.installer.trim() ? { installer: f.installer.trim() } : {}),
                  ...(f.ack ? { acknowledged: `${f.ack}T00:00:00Z` } : {}),
                },
              }
            : {}),
          reason: c("reason"),
        },
      });
      say(t("saved"));
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const mayPhotograph = holds(session, ["venue_owner"]);
  return (
    <Panel title={c("place")}>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <SelectField<Place>
          required
          disabled={!mayEdit}
          label={c("place.type")}
          hint={c("place.hint")}
          value={other ? "other" : (f.place as Place)}
          onChange={(p) => {
            setOther(p === "other");
            setF({ ...f, place: p === "other" ? "" : p });
          }}
          options={[...places, "other" as const].map((p) => ({ value: p, label: c(`place.${p}`) }))}
        />
        {other ? (
          <TextField
            required
            disabled={!mayEdit}
            label={c("place.own")}
            value={f.place}
            onChange={(place) => setF({ ...f, place })}
            maxLength={64}
          />
        ) : null}
        <h3 id="checklist">{c("checklist")}</h3>
        <p className="muted">{c("checklist.note")}</p>
        <div className="form-row">
          {(
            [
              ["paper.id", "paper"],
              ["paper.by", "by"],
              ["paper.installer", "installer"],
            ] as const
          ).map(([label, key]) => (
            <TextField
              key={key}
              disabled={!mayEdit}
              required={started && key !== "installer"}
              label={c(label)}
              value={f[key]}
              onChange={(v) => setF({ ...f, [key]: v })}
              maxLength={64}
            />
          ))}
          <TextField
            type="date"
            disabled={!mayEdit}
            label={c("paper.ack")}
            value={f.ack}
            onChange={(ack) => setF({ ...f, ack })}
          />
        </div>
        <Photos
          label={c("paper.photos")}
          ids={f.photos}
          {...(mayEdit
            ? { onDrop: (p: string) => setF({ ...f, photos: f.photos.filter((x) => x !== p) }) }
            : {})}
        />
        {mayPhotograph ? (
          <PhotoField
            label={c("paper.photo.add")}
            onStored={(p) => setF((now) => ({ ...now, photos: [...now.photos, p] }))}
          />
        ) : null}
        {error ? <Refusal error={error} of={{ camera: id }} venue={venue} /> : null}
        {mayEdit ? (
          <div className="actions">
            <Button
              submit
              tone="primary"
              pending={busy}
              disabled={f.place.trim() === "" || (started && !(f.paper.trim() && f.by.trim()))}
            >
              {t("save")}
            </Button>
          </div>
        ) : null}
      </form>
    </Panel>
  );
}
