import { useState } from "react";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { FileField } from "../kit/fields";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { photoURL, upload } from "./data";
import { Refusal } from "./problem";
import { cameraTexts } from "./texts/camera";

/** Stored photographs, redacted. */
export function Photos(props: { label: string; ids: readonly string[]; onDrop?: (id: string) => void }) {
  const t = useTexts(cameraTexts);
  if (props.ids.length === 0) return null;
  return (
    <ul className="photos" aria-label={props.label}>
      {props.ids.map((id, i) => (
        <li key={id}>
          <img src={photoURL(id)} alt={t("paper.photo.n", { n: i + 1 })} loading="lazy" />
          {props.onDrop ? (
            <Button
              small
              tone="quiet"
              label={t("paper.photo.drop", { n: i + 1 })}
              onPress={() => props.onDrop?.(id)}
            >
              <Icon name="close" size={12} />
            </Button>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** Uploads a photograph at once; the server covers people on it, then gives it an id. */
export function PhotoField(props: { label: string; hint?: string; onStored: (id: string) => void }) {
  const t = useTexts(cameraTexts);
  const say = useToast();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const take = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    setError(undefined);
    try {
      const photo = await upload(file);
      if (photo.masked > 0) say(t("covered", { n: photo.masked }));
      props.onStored(photo.id);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <FileField
        label={props.label}
        hint={props.hint}
        disabled={busy}
        accept="image/jpeg,image/png"
        onChoose={(files) => void take(files[0])}
      />
      {error ? <Refusal error={error} /> : null}
    </>
  );
}
