import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { Schemas } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Failure } from "../kit/failure";
import { RadioField, SelectField, TextField } from "../kit/fields";
import { PageHead, Panel } from "../kit/page";
import { Icon } from "../ui/icons";
import { Empty, Loading } from "../ui/parts";
import { type Asked, ask } from "./answer";
import { AnswerView } from "./answerview";
import { columnTexts } from "./columntexts";
import { type Filled, PeriodField, PlaceField, rightOrder } from "./params";
import { PurposeBar, usePurpose } from "./purpose";
import { queryTexts } from "./querytexts";
import { auditTexts } from "./texts";

type Body = Schemas["AuditorBuiltQuery"];
type Dimension = NonNullable<Body["group"]>[number];
type Kind = NonNullable<Body["kinds"]>[number];
type Outcome = NonNullable<Body["outcomes"]>[number];

const kinds: readonly Kind[] = ["match", "unmask", "claim_outcome", "verify_1to1", "human_review"];
const outcomes: readonly Outcome[] = ["matched", "not_matched", "shown", "confirmed", "rejected", "none"];
const dimensions: readonly Dimension[] = [
  "hour",
  "day",
  "zone",
  "camera",
  "scene",
  "site",
  "kind",
  "outcome",
];
const period = [{ name: "from", type: "time", required: false, default: "-7d", about: "" }] as const;

interface Form {
  filled: Filled; // from, to, and places by name
  kind: Kind | "*";
  outcome: Outcome | "*";
  subject: string;
  show: "list" | "count";
  by: Dimension;
  also: Dimension | "*";
  rows: string;
}

/** A query over the match log, built from lists: filters, groups, counts. */
export default function QueryPage() {
  const t = useTexts(queryTexts);
  const a = useTexts(auditTexts);
  const purpose = usePurpose();
  const [search] = useSearchParams();
  const [form, setForm] = useState<Form>(() => startOf(search));
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState<{ body: Body; n: number } | undefined>(() =>
    search.has("subject") && purpose.text ? { body: bodyOf(startOf(search), purpose.text), n: 0 } : undefined,
  );
  const asked: Asked | undefined = sent
    ? { url: (format) => `/v1/audit/query?format=${format}`, body: sent.body }
    : undefined;
  const answer = useQuery({
    queryKey: ["audit", "query", sent],
    queryFn: ({ signal }) => (asked ? ask(asked, signal) : Promise.reject(new Error("not asked"))),
    enabled: asked !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const go = () => {
    setTried(true);
    if (!right(form) || !purpose.text) return;
    setSent((was) => ({ body: bodyOf(form, purpose.text), n: (was?.n ?? 0) + 1 }));
  };
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <PurposeBar />
      <form
        className="panel audit-form"
        onSubmit={(e) => {
          e.preventDefault();
          go();
        }}
      >
        <Fields form={form} onChange={setForm} tried={tried} />
        <div className="actions">
          <Button submit tone="primary" pending={answer.isFetching}>
            {t("go")}
          </Button>
        </div>
      </form>
      {answer.isFetching ? <Loading rows={4} /> : null}
      {answer.error && !answer.isFetching ? <Failure error={answer.error} onRetry={go} /> : null}
      {asked && answer.data && !answer.isFetching ? (
        <>
          {sent?.body.group ? (
            <p className="note">
              <Icon name="info" />
              <span>{t("few")}</span>
            </p>
          ) : null}
          <AnswerView answer={answer.data} asked={asked} />
        </>
      ) : asked ? null : (
        <Panel title={a("answer.title")}>
          <Empty icon="count" title={t("start")}>
            {t("start.text")}
          </Empty>
        </Panel>
      )}
    </>
  );
}

function Fields(props: { form: Form; onChange: (f: Form) => void; tried: boolean }) {
  const t = useTexts(queryTexts);
  const c = useTexts(columnTexts);
  const { form, tried } = props;
  const set = (change: Partial<Form>) => props.onChange({ ...form, ...change });
  const place = (name: string) => (
    <PlaceField
      name={name}
      value={form.filled[name] ?? ""}
      onChange={(v) => set({ filled: { ...form.filled, [name]: v } })}
    />
  );
  return (
    <>
      <RadioField
        label={t("show.label")}
        value={form.show}
        onChange={(show) => set({ show, ...(show === "count" ? { subject: "" } : {}) })}
        options={[
          { value: "list", label: t("show.list") },
          { value: "count", label: t("show.count") },
        ]}
      />
      {form.show === "count" ? (
        <div className="form-row">
          <SelectField
            label={t("by.label")}
            value={form.by}
            onChange={(by) => set({ by, ...(form.also === by ? { also: "*" } : {}) })}
            options={dimensions.map((d) => ({ value: d, label: t(`by.${d}`) }))}
          />
          <SelectField
            label={t("by.then")}
            value={form.also}
            onChange={(also) => set({ also })}
            options={[
              { value: "*" as const, label: t("by.none") },
              ...dimensions.filter((d) => d !== form.by).map((d) => ({ value: d, label: t(`by.${d}`) })),
            ]}
          />
        </div>
      ) : null}
      <div className="form-row">
        <PeriodField
          params={period}
          value={form.filled}
          onChange={(filled) => set({ filled })}
          tried={tried}
        />
        <SelectField
          label={t("kinds.label")}
          value={form.kind}
          onChange={(kind) => set({ kind })}
          options={[
            { value: "*" as const, label: t("any") },
            ...kinds.map((k) => ({ value: k, label: c(`k.${k}`) })),
          ]}
        />
        <SelectField
          label={t("outcome.label")}
          value={form.outcome}
          onChange={(outcome) => set({ outcome })}
          options={[
            { value: "*" as const, label: t("any") },
            ...outcomes.map((o) => ({ value: o, label: c(`v.${o}`) })),
          ]}
        />
        {place("zone")}
        {place("camera")}
        {place("site")}
        <TextField
          label={t("scene")}
          value={form.filled.scene ?? ""}
          onChange={(v) => set({ filled: { ...form.filled, scene: v } })}
          maxLength={64}
          placeholder={t("any")}
        />
        {form.show === "list" ? (
          <TextField
            label={t("subject")}
            value={form.subject}
            onChange={(subject) => set({ subject: subject.trim().toLowerCase() })}
            mono
            maxLength={64}
            hint={t("subject.hint")}
            error={tried && !rightSubject(form) ? t("subject.bad") : undefined}
          />
        ) : null}
        <TextField
          label={t("rows")}
          type="number"
          min={1}
          max={10000}
          value={form.rows}
          onChange={(rows) => set({ rows })}
        />
      </div>
    </>
  );
}

function startOf(search: URLSearchParams): Form {
  return {
    filled: { from: search.has("subject") ? "-184d" : "-7d", to: "now" },
    kind: "*",
    outcome: "*",
    subject: search.get("subject") ?? "",
    show: "list",
    by: "day",
    also: "*",
    rows: "1000",
  };
}

const rightSubject = (f: Form) => f.subject === "" || /^[0-9a-f]{64}$/.test(f.subject);
const right = (f: Form) => rightOrder(f.filled) && rightSubject(f) && /^[1-9]\d{0,4}$/.test(f.rows);

/** What the server is asked; relative times become moments here. */
export function bodyOf(f: Form, purpose: string, now = Date.now()): Body {
  const one = <V extends string>(v: V | "*" | undefined): V[] | undefined =>
    v && v !== "*" ? [v] : undefined;
  const lists = {
    kinds: one(f.kind),
    outcomes: one(f.outcome),
    zones: one(f.filled.zone),
    cameras: one(f.filled.camera),
    sites: one(f.filled.site),
    scenes: one(f.filled.scene),
  };
  return {
    purpose,
    from: moment(f.filled.from ?? "-7d", now),
    to: moment(f.filled.to ?? "now", now),
    rows: Math.min(Number(f.rows), 10_000),
    ...Object.fromEntries(Object.entries(lists).filter(([, v]) => v !== undefined)),
    ...(f.show === "list" && f.subject ? { subject: f.subject } : {}),
    ...(f.show === "count"
      ? {
          group: f.also === "*" ? [f.by] : [f.by, f.also],
          utc_offset_minutes: -new Date(now).getTimezoneOffset(),
        }
      : {}),
  };
}

const units = { h: 3_600_000, d: 86_400_000 } as const;

function moment(text: string, now: number): string {
  const back = /^-(\d+)([hd])$/.exec(text);
  const ms = back
    ? now - Number(back[1]) * units[back[2] as "h" | "d"]
    : text === "now"
      ? now
      : Date.parse(text);
  return new Date(ms).toISOString();
}
