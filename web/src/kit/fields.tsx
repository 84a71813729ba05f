import { type ReactNode, useId, useState } from "react";
import { useTexts } from "../i18n/texts";
import { kit } from "./texts";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
}

/** The ids that join a control to its hint and its error. */
function useParts(p: Common) {
  const id = useId();
  const described = [p.hint ? `${id}-hint` : "", p.error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return {
    id,
    control: {
      id,
      required: p.required ?? false,
      disabled: p.disabled ?? false,
      "aria-invalid": p.error ? (true as const) : undefined,
      "aria-describedby": described || undefined,
    },
  };
}

function Frame(props: Common & { id: string; children: ReactNode }) {
  const t = useTexts(kit);
  return (
    <div className="field">
      <label htmlFor={props.id}>
        {props.label}
        {props.required ? <span className="field-mark"> · {t("required")}</span> : null}
      </label>
      {props.children}
      {props.hint ? (
        <small id={`${props.id}-hint`} className="field-hint">
          {props.hint}
        </small>
      ) : null}
      {props.error ? (
        <small id={`${props.id}-error`} className="field-error">
          {props.error}
        </small>
      ) : null}
    </div>
  );
}

/** One line of text, also a date, a time, a number or a password. */
export function TextField(
  props: Common & {
    value: string;
    onChange: (value: string) => void;
    type?: "text" | "email" | "tel" | "url" | "password" | "number" | "date" | "datetime-local" | "search";
    autoComplete?: string;
    placeholder?: string;
    min?: string | number;
    max?: string | number;
    step?: string | number;
    maxLength?: number;
    mono?: boolean;
    focus?: boolean; // take the focus when shown
  },
) {
  const { id, control } = useParts(props);
  return (
    <Frame {...props} id={id}>
      <input
        {...control}
        type={props.type ?? "text"}
        className={props.mono ? "mono" : undefined}
        value={props.value}
        onChange={(e) => props.onChange(e.target.value)}
        autoComplete={props.autoComplete ?? "off"}
        placeholder={props.placeholder}
        min={props.min}
        max={props.max}
        step={props.step}
        maxLength={props.maxLength}
        // biome-ignore lint/a11y/noAutofocus: only where a dialog or step opens for this one field
        autoFocus={props.focus ?? false}
      />
    </Frame>
  );
}

export function TextArea(
  props: Common & { value: string; onChange: (value: string) => void; rows?: number; maxLength?: number },
) {
  const { id, control } = useParts(props);
  return (
    <Frame {...props} id={id}>
      <textarea
        {...control}
        rows={props.rows ?? 4}
        maxLength={props.maxLength}
        value={props.value}
        onChange={(e) => props.onChange(e.target.value)}
      />
    </Frame>
  );
}

/** Options in words; the browser's own list, which every device handles well. */
export function SelectField<V extends string>(
  props: Common & {
    value: V | "";
    onChange: (value: V) => void;
    options: readonly { value: V; label: string; disabled?: boolean }[];
  },
) {
  const t = useTexts(kit);
  const { id, control } = useParts(props);
  return (
    <Frame {...props} id={id}>
      <select {...control} value={props.value} onChange={(e) => props.onChange(e.target.value as V)}>
        {props.value === "" ? (
          <option value="" disabled>
            {t("choose")}
          </option>
        ) : null}
        {props.options.map((o) => (
          <option key={o.value} value={o.value} disabled={o.disabled}>
            {o.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** One box to tick. It is never ticked unless `value` says so. */
export function CheckField(props: Common & { value: boolean; onChange: (value: boolean) => void }) {
  const { id, control } = useParts(props);
  return (
    <div className="field check">
      <input
        {...control}
        type="checkbox"
        checked={props.value}
        onChange={(e) => props.onChange(e.target.checked)}
      />
      <label htmlFor={id}>{props.label}</label>
      {props.hint ? (
        <small id={`${id}-hint`} className="field-hint">
          {props.hint}
        </small>
      ) : null}
      {props.error ? (
        <small id={`${id}-error`} className="field-error">
          {props.error}
        </small>
      ) : null}
    </div>
  );
}

/** One of several, all in sight. `value` "" chooses none. */
export function RadioField<V extends string>(
  props: Omit<Common, "required"> & {
    value: V | "";
    onChange: (value: V) => void;
    options: readonly { value: V; label: string; hint?: string }[];
  },
) {
  const { id } = useParts(props);
  return (
    <fieldset className="field radios" disabled={props.disabled}>
      <legend>{props.label}</legend>
      {props.hint ? <small className="field-hint">{props.hint}</small> : null}
      {props.options.map((o) => (
        <label key={o.value} className="radio">
          <input
            type="radio"
            name={id}
            value={o.value}
            checked={props.value === o.value}
            onChange={() => props.onChange(o.value)}
          />
          <span>
            {o.label}
            {o.hint ? <small>{o.hint}</small> : null}
          </span>
        </label>
      ))}
      {props.error ? <small className="field-error">{props.error}</small> : null}
    </fieldset>
  );
}

/** Chooses files. `capture` opens the camera of a telephone. */
export function FileField(
  props: Common & {
    accept: string;
    onChoose: (files: File[]) => void;
    multiple?: boolean;
    capture?: boolean;
  },
) {
  const t = useTexts(kit);
  const { id, control } = useParts(props);
  const [names, setNames] = useState<string[]>([]);
  const choose = (files: File[]) => {
    setNames(files.map((f) => f.name));
    props.onChoose(files);
  };
  return (
    <Frame {...props} id={id}>
      {/* The browser's own control speaks the browser's language: it lies unseen above these words. */}
      <span className="file">
        <input
          {...control}
          type="file"
          accept={props.accept}
          multiple={props.multiple ?? false}
          {...(props.capture ? { capture: "environment" as const } : {})}
          onChange={(e) => choose([...(e.target.files ?? [])])}
        />
        <span className="file-button" aria-hidden="true">
          {t(props.capture ? "file.capture" : "file.choose")}
        </span>
        <span className="file-name" aria-hidden="true">
          {names.join(t.lang === "en" ? ", " : "、") || t("file.none")}
        </span>
      </span>
    </Frame>
  );
}
