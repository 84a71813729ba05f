import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { Link } from "react-router";

export type Tone = "plain" | "primary" | "danger" | "quiet";

interface Common {
  tone?: Tone;
  small?: boolean;
  children: ReactNode;
}

/** A button. While `pending` it keeps its focus, tells so, and cannot be pressed again. */
export function Button(
  props: Common & {
    onPress?: () => void;
    pending?: boolean;
    disabled?: boolean;
    submit?: boolean;
    label?: string; // for buttons that show an icon only
    pressed?: boolean; // of a button that stays down
  },
) {
  return (
    <AriaButton
      type={props.submit ? "submit" : "button"}
      className={`kit-button ${props.tone ?? "plain"}${props.small ? " small" : ""}`}
      isDisabled={props.disabled ?? false}
      isPending={props.pending ?? false}
      {...(props.onPress ? { onPress: props.onPress } : {})}
      {...(props.label ? { "aria-label": props.label } : {})}
      {...(props.pressed === undefined ? {} : { "aria-pressed": props.pressed })}
    >
      {props.children}
    </AriaButton>
  );
}

/** A link that looks like a button. `document` loads a page anew, `download` a file. */
export function LinkButton(props: Common & { to: string; document?: boolean; download?: boolean | string }) {
  const name = `kit-button ${props.tone ?? "plain"}${props.small ? " small" : ""}`;
  if (props.download !== undefined && props.download !== false)
    return (
      <a className={name} href={props.to} download={props.download === true ? "" : props.download}>
        {props.children}
      </a>
    );
  return (
    <Link className={name} to={props.to} reloadDocument={props.document ?? false}>
      {props.children}
    </Link>
  );
}
