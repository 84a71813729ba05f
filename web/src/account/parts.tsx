import { type FormEvent, type ReactNode, useState } from "react";
import { RequestError } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { TextField } from "../kit/fields";
import { Icon } from "../ui/icons";
import { usePrefsHere } from "../ui/prefs";
import { PrefTools } from "../ui/shell";
import { PasskeyRefused } from "./session";
import { strengthOf } from "./strength";
import { mine } from "./texts";
import "./account.css";

/** A page without the frame: the mark, one card, language and theme. */
export function Card({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const prefs = usePrefsHere();
  const t = useTexts(mine);
  return (
    <div className="gate">
      <div className="gate-top">
        <div className="brand">
          <img src="/mark.svg" alt="" width="30" height="30" />
          <p className="brand-name">Bystander</p>
        </div>
        <div className="tools">
          <PrefTools prefs={prefs} />
        </div>
      </div>
      <div className="gate-card">
        <h1>{title}</h1>
        {lead ? <p className="lead">{lead}</p> : null}
        {children}
      </div>
      <p className="gate-foot">
        <a href={`/privacy?lang=${t.lang}`}>{t("in.privacy")}</a>
      </p>
    </div>
  );
}

/** Why something failed, in the reader's words. */
export function Trouble({ error }: { error: unknown }) {
  const t = useTexts(mine);
  if (!error) return null;
  const known = (code: string) => {
    const text = t.code("err", code);
    return text === code ? undefined : text;
  };
  const text =
    error instanceof PasskeyRefused
      ? t("err.passkey")
      : error instanceof RequestError
        ? error.status === 0
          ? t("err.0")
          : known(error.code)
        : undefined;
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <div>{text ?? t("err.other")}</div>
    </div>
  );
}

/** Runs one thing at a time and keeps why it failed. */
export function useDoing() {
  const [busy, setBusy] = useState("");
  const [error, setError] = useState<unknown>();
  const run = async (what: string, task: () => Promise<unknown>) => {
    if (busy) return;
    setBusy(what);
    setError(undefined);
    try {
      await task();
    } catch (err) {
      setError(err);
    } finally {
      setBusy("");
    }
  };
  return { busy, error, run, clear: () => setError(undefined) };
}

/** A form that is sent by Enter as by its button. */
export function Form({ onSend, children }: { onSend: () => void; children: ReactNode }) {
  return (
    <form
      className="form"
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        onSend();
      }}
    >
      {children}
    </form>
  );
}

export interface NewPassword {
  value: string;
  again: string;
}

/** Whether a new password can be sent. */
export function ready(p: NewPassword, id: string): boolean {
  const s = strengthOf(p.value, id);
  return p.value === p.again && s.is !== "short" && s.is !== "weak";
}

/** A new password, typed twice, with a meter. */
export function NewPasswordFields(props: {
  value: NewPassword;
  onChange: (v: NewPassword) => void;
  id: string;
  focus?: boolean;
}) {
  const t = useTexts(mine);
  const { value, onChange, id } = props;
  const s = strengthOf(value.value, id);
  const words = s.is === "short" ? t("pass.short", { n: s.missing }) : t(`pass.${s.is}`);
  return (
    <>
      <div>
        <TextField
          label={t("pass.new")}
          hint={t("pass.hint")}
          type="password"
          autoComplete="new-password"
          value={value.value}
          onChange={(v) => onChange({ ...value, value: v })}
          focus={props.focus ?? false}
          required
        />
        {value.value ? (
          <p className={`strength ${s.is}`}>
            <meter
              min={0}
              max={1}
              low={0.34}
              high={0.67}
              optimum={1}
              value={s.level}
              aria-label={t("pass.meter")}
            />
            <span aria-live="polite">{words}</span>
          </p>
        ) : null}
      </div>
      <TextField
        label={t("pass.again")}
        type="password"
        autoComplete="new-password"
        value={value.again}
        onChange={(v) => onChange({ ...value, again: v })}
        error={value.again && value.again !== value.value ? t("pass.differs") : undefined}
        required
      />
    </>
  );
}

/** Recovery codes, shown once. */
export function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const t = useTexts(mine);
  const save = () => {
    const url = URL.createObjectURL(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }));
    const a = document.createElement("a");
    a.href = url;
    a.download = "bystander-recovery-codes.txt";
    a.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div className="form">
      <p>{t("codes.shown")}</p>
      <ul className="codes" aria-label={t("codes.title")}>
        {codes.map((c) => (
          <li key={c}>
            <code>{c}</code>
          </li>
        ))}
      </ul>
      <div className="actions">
        <Button onPress={save}>{t("codes.save")}</Button>
        <Button tone="primary" onPress={onDone}>
          {t("codes.done")}
        </Button>
      </div>
    </div>
  );
}
