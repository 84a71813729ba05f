import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Schemas } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Dialog } from "../../kit/dialog";
import { Failure } from "../../kit/failure";
import { TextArea } from "../../kit/fields";
import { useToast } from "../../kit/toast";
import { noteTexts } from "./notetexts";
import type { Cursor } from "./track";

export type Note = Schemas["NotesView"];

const longest = 1000;

/** Writes a note on an instant, and on an event where one is named. */
export function NoteDialog(props: {
  about: (Cursor & { event?: string }) | undefined;
  nameOf: (id: string) => string;
  onClose: () => void;
}) {
  const { about, nameOf, onClose } = props;
  const w = useWords();
  const t = useTexts(noteTexts);
  const say = useToast();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  if (!about) return null;
  const at = new Date(about.at).toISOString();
  const left = longest - [...text].length;
  const send = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await client.POST("/v1/notes", {
        body: { camera: about.camera, at, text, ...(about.event ? { event: about.event } : {}) },
      });
      await queries.invalidateQueries({ queryKey: ["timeline", "notes"] });
      setText("");
      say(t("note.kept"));
      onClose();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("note.title")} open onClose={onClose}>
      <p>{t("note.about", { camera: nameOf(about.camera), time: w.time(at) })}</p>
      <div className="note warn">{t("note.warn")}</div>
      <TextArea
        label={t("note.text")}
        value={text}
        onChange={setText}
        rows={5}
        maxLength={longest}
        hint={t("note.left", { n: left })}
        required
      />
      {error ? <Failure error={error} /> : null}
      <div className="kit-dialog-foot">
        <Button onPress={onClose}>{t("cancel")}</Button>
        <Button
          tone="primary"
          pending={busy}
          disabled={text.trim() === "" || left < 0}
          onPress={() => void send()}
        >
          {t("note.save")}
        </Button>
      </div>
    </Dialog>
  );
}
