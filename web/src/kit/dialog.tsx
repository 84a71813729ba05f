import { type ReactNode, useState } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { Button, type Tone } from "./button";
import { Failure } from "./failure";
import { kit } from "./texts";

/** A window above the page. Escape and a press outside close it, unless `keep`. */
export function Dialog(props: {
  title: string;
  open: boolean;
  onClose: () => void;
  wide?: boolean;
  keep?: boolean; // only its own buttons close it
  children: ReactNode;
}) {
  const t = useTexts(kit);
  return (
    <ModalOverlay
      className="kit-veil"
      isOpen={props.open}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      isDismissable={!props.keep}
      isKeyboardDismissDisabled={props.keep ?? false}
    >
      <Modal className={`kit-modal${props.wide ? " wide" : ""}`}>
        <AriaDialog className="kit-dialog">
          <div className="kit-dialog-head">
            <Heading slot="title">{props.title}</Heading>
            <Button tone="quiet" onPress={props.onClose} label={t("close")}>
              <Icon name="close" />
            </Button>
          </div>
          {props.children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** A button whose action is asked about first. `run` may fail; the dialog then says why. */
export function ConfirmButton(props: {
  label: string;
  title: string;
  text: ReactNode;
  run: () => Promise<unknown>;
  tone?: Tone;
  small?: boolean;
  disabled?: boolean;
}) {
  const t = useTexts(kit);
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await props.run();
      setOpen(false);
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
        <div className="kit-dialog-body">{props.text}</div>
        {error ? <Failure error={error} /> : null}
        <div className="kit-dialog-foot">
          <Button onPress={() => setOpen(false)}>{t("cancel")}</Button>
          <Button tone={props.tone ?? "primary"} pending={busy} onPress={() => void confirm()}>
            {props.label}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
