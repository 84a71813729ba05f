import { useState } from "react";
import { useTexts } from "../i18n/texts";
import { Button, type Tone } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { TextField } from "../kit/fields";
import { kit } from "../kit/texts";
import type { Venue } from "./data";
import { Refusal } from "./problem";
import { zoneTexts } from "./texts";

/** A decision with its reason; a refusal is shown in the dialog, with what is missing. */
export function Decide(props: {
  label: string;
  title: string;
  text: string;
  run: (reason: string) => Promise<unknown>;
  tone?: Tone;
  small?: boolean;
  disabled?: boolean;
  of?: { zone?: string; camera?: string; scene?: string };
  venue?: Venue | undefined;
}) {
  const t = useTexts(zoneTexts);
  const k = useTexts(kit);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const decide = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await props.run(reason.trim());
      setOpen(false);
      setReason("");
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        tone={props.tone ?? "plain"}
        small={props.small ?? false}
        disabled={props.disabled ?? false}
        onPress={() => {
          setError(undefined);
          setOpen(true);
        }}
      >
        {props.label}
      </Button>
      <Dialog title={props.title} open={open} onClose={() => setOpen(false)}>
        <form
          className="form"
          onSubmit={(e) => {
            e.preventDefault();
            void decide();
          }}
        >
          <p>{props.text}</p>
          <TextField
            required
            focus
            label={t("reason")}
            hint={t("reason.hint")}
            value={reason}
            onChange={setReason}
            maxLength={500}
          />
          {error ? <Refusal error={error} of={props.of ?? {}} venue={props.venue} /> : null}
          <div className="kit-dialog-foot">
            <Button onPress={() => setOpen(false)}>{k("cancel")}</Button>
            <Button submit tone={props.tone ?? "primary"} pending={busy} disabled={reason.trim() === ""}>
              {props.label}
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
