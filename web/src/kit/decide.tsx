import { type ReactNode, useState } from "react";
import { useTexts } from "../i18n/texts";
import { Button, type Tone } from "./button";
import { Dialog } from "./dialog";
import { TextArea } from "./fields";
import { useSending } from "./sending";
import { kit } from "./texts";
import { useToast } from "./toast";

/** What a desk says of a decision; how it explains a refusal is its own. */
export interface Decision {
  label: string;
  title: string;
  text?: ReactNode;
  /** Fields of the step besides its reason. */
  children?: ReactNode;
  run: (reason: string) => Promise<unknown>;
  /** Said once it is done. */
  said?: string;
  tone?: Tone;
  small?: boolean;
  disabled?: boolean;
  /** The step takes no reason. */
  bare?: boolean;
  wide?: boolean;
}

/**
 * A button whose step asks for a reason first, which is kept with the decision. A
 * refusal is shown in the dialog, as `refusal` tells it.
 */
export function Decide(
  props: Decision & { reason: { label: string; hint: string }; refusal: (error: unknown) => ReactNode },
) {
  const k = useTexts(kit);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const { busy, error, send, forget } = useSending();
  const say = useToast();
  const go = async () => {
    if (!(await send(() => props.run(reason.trim())))) return;
    setOpen(false);
    setReason("");
    if (props.said) say(props.said);
  };
  return (
    <>
      <Button
        tone={props.tone ?? "plain"}
        small={props.small ?? false}
        disabled={props.disabled ?? false}
        onPress={() => {
          forget();
          setOpen(true);
        }}
      >
        {props.label}
      </Button>
      <Dialog title={props.title} open={open} onClose={() => setOpen(false)} wide={props.wide ?? false}>
        <form
          className="form"
          onSubmit={(e) => {
            e.preventDefault();
            void go();
          }}
        >
          {props.text ? <div>{props.text}</div> : null}
          {props.children}
          {props.bare ? null : (
            <TextArea
              {...props.reason}
              required
              rows={2}
              maxLength={500}
              value={reason}
              onChange={setReason}
            />
          )}
          {error ? props.refusal(error) : null}
          <div className="kit-dialog-foot">
            <Button onPress={() => setOpen(false)}>{k("cancel")}</Button>
            <Button tone={props.tone === "danger" ? "danger" : "primary"} submit pending={busy}>
              {props.label}
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
