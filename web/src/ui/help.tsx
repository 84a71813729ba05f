import type { RefObject } from "react";
import { type Key, useWords } from "../i18n/i18n";
import { Icon } from "./icons";

const keys: [string, Key][] = [
  ["← ↑ → ↓", "help.arrows"],
  ["Shift ← →", "help.move"],
  ["F", "help.f"],
  ["W", "help.w"],
  ["0 – 4", "help.layout"],
  ["PgUp PgDn", "help.pages"],
  ["Space", "help.space"],
  ["+ −", "help.zoom"],
  ["[ ]", "help.marks"],
  ["I O", "help.range"],
  ["H", "help.halt"],
  ["?", "help.question"],
  ["Esc", "help.esc"],
];
const terms = ["masked", "guests", "clear", "full", "delay"] as const;

export function Help({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const w = useWords();
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" closedby="any">
      <div className="help-head">
        <h2 id="help-title">{w.t("help.title")}</h2>
        <button
          type="button"
          className="tool"
          onClick={() => dialog.current?.close()}
          aria-label={w.t("help.close")}
        >
          <Icon name="close" />
        </button>
      </div>
      <dl className="keys">
        {keys.map(([k, text]) => (
          <div key={text}>
            <dt>
              <kbd>{k}</kbd>
            </dt>
            <dd>{w.t(text)}</dd>
          </div>
        ))}
      </dl>
      <dl className="terms">
        {terms.map((name) => (
          <div key={name}>
            <dt>{w.t(`help.${name}.term`)}</dt>
            <dd>{w.t(`help.${name}.text`)}</dd>
          </div>
        ))}
      </dl>
      <p className="help-foot">
        <a href={`/privacy?lang=${w.lang}`}>{w.t("help.privacy")}</a>
      </p>
    </dialog>
  );
}
