import { useState } from "react";
import { api } from "../api/client";
import { useTexts } from "../i18n/texts";
import { SelectField, TextField } from "../kit/fields";
import type { Param } from "./answer";
import { isEventID } from "./questions";
import { questionTexts } from "./questiontexts";

/** What was filled in, by parameter, as the server takes it. */
export type Filled = Readonly<Record<string, string>>;

const periods = ["1h", "1d", "7d", "30d", "184d"] as const;
const narrowing = new Set(["site", "zone", "camera"]);

/** The fields of a question, each by its type. */
export function ParamFields(props: {
  params: readonly Param[];
  value: Filled;
  onChange: (value: Filled) => void;
  tried: boolean;
}) {
  const { params, value, onChange } = props;
  const has = new Set(params.map((p) => p.name));
  const set = (name: string, v: string) => onChange({ ...value, [name]: v });
  return (
    <div className="form-row">
      {has.has("from") && has.has("to") ? (
        <PeriodField params={params} value={value} onChange={onChange} tried={props.tried} />
      ) : null}
      {params.map((p) =>
        p.name === "from" || p.name === "to" ? null : narrowing.has(p.name) ? (
          <PlaceField
            key={p.name}
            name={p.name}
            value={value[p.name] ?? ""}
            onChange={(v) => set(p.name, v)}
          />
        ) : (
          <PlainField
            key={p.name}
            param={p}
            value={value[p.name] ?? ""}
            onChange={(v) => set(p.name, v)}
            tried={props.tried}
          />
        ),
      )}
    </div>
  );
}

/** A period back from now, or two times. */
export function PeriodField(props: {
  params: readonly Param[];
  value: Filled;
  onChange: (value: Filled) => void;
  tried: boolean;
}) {
  const t = useTexts(questionTexts);
  const { value, onChange } = props;
  const usual = props.params.find((p) => p.name === "from")?.default ?? "-30d";
  const from = value.from ?? usual;
  const known = periods.find((p) => from === `-${p}` && (value.to ?? "now") === "now");
  const [own, setOwn] = useState(!known);
  return (
    <>
      <SelectField
        label={t("p.period")}
        value={own ? "own" : (known ?? "own")}
        onChange={(v) => {
          setOwn(v === "own");
          if (v !== "own") onChange({ ...value, from: `-${v}`, to: "now" });
          else {
            const now = Date.now();
            const back = { "1h": 1 / 24, "1d": 1, "7d": 7, "30d": 30, "184d": 184 }[known ?? "1d"];
            onChange({ ...value, from: iso(now - back * 86_400_000), to: iso(now) });
          }
        }}
        options={[
          ...periods.map((p) => ({ value: p, label: t(`period.${p}`) })),
          { value: "own" as const, label: t("period.own") },
        ]}
      />
      {own ? (
        <>
          <TextField
            label={t("p.from")}
            type="datetime-local"
            value={local(value.from)}
            onChange={(v) => onChange({ ...value, from: iso(Date.parse(v)) })}
            error={props.tried && !rightOrder(value) ? t("bad.time") : undefined}
          />
          <TextField
            label={t("p.to")}
            type="datetime-local"
            value={local(value.to)}
            onChange={(v) => onChange({ ...value, to: iso(Date.parse(v)) })}
          />
        </>
      ) : null}
    </>
  );
}

function iso(ms: number): string {
  return Number.isNaN(ms) ? "" : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A time as the browser's own field takes it: local, to the minute. */
function local(text: string | undefined): string {
  const ms = Date.parse(text ?? "");
  if (Number.isNaN(ms)) return "";
  const d = new Date(ms);
  return new Date(ms - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function rightOrder(value: Filled): boolean {
  const from = Date.parse(value.from ?? "");
  const to = Date.parse(value.to ?? "");
  if (value.from?.startsWith("-") || value.from === undefined) return true;
  return !Number.isNaN(from) && !Number.isNaN(to) && from < to;
}

/** A zone, camera or site: a list where the site's register has one, else its id. */
export function PlaceField(props: { name: string; value: string; onChange: (v: string) => void }) {
  const t = useTexts(questionTexts);
  const { data } = api.useQuery(
    "get",
    "/v1/zones",
    { params: { query: { limit: 200 } } },
    { staleTime: 60_000 },
  );
  const zones = data?.items ?? [];
  const ids =
    props.name === "zone"
      ? zones.map((z) => z.id)
      : props.name === "camera"
        ? zones.map((z) => z.camera)
        : [];
  const list = [...new Set(ids)].sort();
  const label = t.code("p", props.name);
  if (list.length === 0 || (props.value !== "" && !list.includes(props.value)))
    return (
      <TextField
        label={label}
        value={props.value}
        onChange={props.onChange}
        maxLength={64}
        placeholder={t("p.all")}
      />
    );
  return (
    <SelectField
      label={label}
      value={props.value === "" ? "*" : props.value}
      onChange={(v) => props.onChange(v === "*" ? "" : v)}
      options={[{ value: "*", label: t("p.all") }, ...list.map((v) => ({ value: v, label: v }))]}
    />
  );
}

function PlainField(props: { param: Param; value: string; onChange: (v: string) => void; tried: boolean }) {
  const t = useTexts(questionTexts);
  const { param, value } = props;
  const unit = durationUnit(param);
  const shown = unit ? withoutUnit(value || (param.default ?? ""), unit) : value || (param.default ?? "");
  const hint = t.code("p", `${param.name}.hint`);
  return (
    <TextField
      label={t.code("p", param.name)}
      value={shown}
      onChange={(v) => props.onChange(unit ? withUnit(v, unit) : v)}
      type={param.type === "int" || unit ? "number" : "text"}
      {...(param.type === "int" || unit ? { min: 0 } : {})}
      mono={param.type === "event_id" || param.name === "reader"}
      required={param.required}
      hint={hint === `${param.name}.hint` ? undefined : hint}
      error={props.tried ? faultText(t, param, value) : undefined}
      maxLength={256}
    />
  );
}

function faultText(
  t: ReturnType<typeof useTexts<keyof (typeof questionTexts)["en"] & string>>,
  p: Param,
  value: string,
) {
  const f = fault(p, value);
  return f ? t(f) : undefined;
}

/** What is wrong with a parameter before it is sent; undefined for nothing. */
export function fault(p: Param, value: string): "bad.needed" | "bad.event" | "bad.number" | undefined {
  if (value === "") return p.required ? "bad.needed" : undefined;
  if (p.type === "event_id" || p.name === "event") return isEventID(value) ? undefined : "bad.event";
  if (p.type === "int" && !/^\d+$/.test(value)) return "bad.number";
  if (p.type === "duration" && !/^\d+(s|h)$/.test(value)) return "bad.number";
  return undefined;
}

// Durations are asked for in the unit that people think in: days of keeping, seconds of grace.
function durationUnit(p: Param): "s" | "d" | undefined {
  return p.type !== "duration" ? undefined : p.name === "keep" ? "d" : "s";
}
function withoutUnit(v: string, unit: "s" | "d"): string {
  const n = Number.parseFloat(v);
  return Number.isNaN(n) ? "" : String(unit === "d" ? n / 24 : n);
}
function withUnit(v: string, unit: "s" | "d"): string {
  if (v === "") return "";
  return unit === "d" ? `${Math.round(Number(v) * 24)}h` : `${v}s`;
}
