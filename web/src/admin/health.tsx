import { api, type Camera, type Schemas, type Status } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { Chip, Facts, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Icon } from "../ui/icons";
import { Confined, ConfinedNote } from "./confined";
import { helpOf } from "./figures";
import { healthTexts } from "./healthtexts";

const often = { refetchInterval: 5000 };

/** Notices whose own words say everything; behind the others stands what the program adds. */
const whole: ReadonlySet<string> = new Set([
  "SAMPLE_SITE",
  "NO_SITE",
  "EXPOSED",
  "RECORD_LIMIT",
  "STORE_SLOW",
]);

/** Whether the installation's parts do their work. */
export default function Health() {
  const t = useTexts(healthTexts);
  const status = api.useQuery("get", "/v1/status", {}, often);
  const cameras = api.useQuery("get", "/v1/cameras", {}, often);
  const figures = api.useQuery("get", "/v1/admin/figures", {}, often);
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded query={status} rows={6}>
        {(s) => <State s={s} />}
      </Loaded>
      <Panel title={t("cameras")}>
        <Loaded query={cameras}>
          {(d) => (
            <>
              <ConfinedNote list={d.cameras} />
              <Clocks list={d.cameras} />
            </>
          )}
        </Loaded>
      </Panel>
      <Panel title={t("queues")} note={t("queues.note")}>
        <Loaded query={figures}>{(d) => <Figures list={d.figures} />}</Loaded>
      </Panel>
    </>
  );
}

function State({ s }: { s: Status }) {
  const t = useTexts(healthTexts);
  const w = useWords();
  return (
    <>
      {s.notices.length === 0 ? (
        <div className="note good" role="status">
          <Icon name="check" />
          <div>{t("fine")}</div>
        </div>
      ) : (
        s.notices.map((n) => (
          <div
            key={`${n.code} ${n.text}`}
            className={`note ${n.level === "error" ? "bad" : n.level === "warning" ? "warn" : ""}`}
          >
            <Icon name={n.level === "info" ? "info" : "warn"} />
            <div>
              {w.code("notice", n.code)}
              {whole.has(n.code) || (n.code.includes(":") && w.says(n.code)) ? null : (
                <small className="note-detail" lang="en">
                  {n.text}
                </small>
              )}
            </div>
          </div>
        ))
      )}
      <div className="columns">
        <Panel title={t("program")}>
          <Facts
            rows={[
              [t("version"), s.version],
              [t("started"), <Moment key="s" at={s.started} ago />],
              [t("site"), s.site.name ? `${s.site.name} (${s.site.id})` : s.site.id],
              [
                t("gate"),
                <Chip key="g" tone={s.gate.open ? "good" : "muted"}>
                  {s.gate.open ? t("gate.open") : t("gate.closed")}
                </Chip>,
              ],
              [t("lease"), s.gate.lease_expires ? w.time(s.gate.lease_expires) : ""],
              [t("enrolled"), w.number(s.gate.enrolled)],
            ]}
          />
        </Panel>
        <Panel title={t("storage")}>
          <Facts
            rows={[
              [t("store"), s.storage.store],
              [t("events"), w.number(s.storage.events)],
              [
                t("used"),
                s.storage.limit_bytes === 0
                  ? t("used.none")
                  : t("used.of", {
                      used: w.bytes(s.storage.used_bytes),
                      limit: w.bytes(s.storage.limit_bytes),
                    }),
              ],
              [t("age"), s.storage.max_age_s > 0 ? w.duration(s.storage.max_age_s) : ""],
            ]}
          />
        </Panel>
      </div>
      <Panel title={t("models")}>
        <DataTable<Schemas["Model"]>
          caption={t("models.list")}
          rows={s.models}
          rowKey={(m) => `${m.role} ${m.name}`}
          columns={[
            { key: "role", title: t("model"), cell: (m) => t.code("role", m.role) },
            {
              key: "name",
              title: t("version"),
              cell: (m) => (
                <>
                  {m.name}
                  {m.digest ? (
                    <small>
                      <code>{m.digest.slice(0, 12)}</code>
                    </small>
                  ) : null}
                </>
              ),
            },
            {
              key: "loaded",
              title: t("title"),
              cell: (m) => (
                <>
                  <Chip tone={m.loaded ? "good" : "bad"}>{m.loaded ? t("loaded") : t("missing")}</Chip>
                  {m.err ? <small>{m.err}</small> : null}
                </>
              ),
            },
            {
              key: "provider",
              title: t("provider"),
              cell: (m) => (
                <>
                  {m.provider ?? "–"}
                  {m.devices?.map((d) =>
                    d.up ? (
                      d.losses > 0 && (
                        <small key={d.name}>{t("device.losses", { name: d.name, n: d.losses })}</small>
                      )
                    ) : (
                      <small key={d.name}>
                        <Chip tone="bad">{t("device.down", { name: d.name })}</Chip> {d.err}
                      </small>
                    ),
                  )}
                  {m.why && m.why !== m.provider ? (
                    <details className="model-why">
                      <summary>{t("provider.why")}</summary>
                      <span lang="en">{m.why}</span>
                    </details>
                  ) : null}
                </>
              ),
            },
          ]}
        />
      </Panel>
    </>
  );
}

/** How a camera’s process is held, and who decodes there where a card was asked for. */
function Process({ of }: { of: Camera }) {
  const t = useTexts(healthTexts);
  const by = of.no_card
    ? t("decoder.software", { why: of.no_card })
    : of.decoder && of.decoder !== "software"
      ? t("decoder.card", { by: of.decoder })
      : null;
  return (
    <>
      <Confined of={of} />
      {by ? <small>{by}</small> : null}
    </>
  );
}

function Clocks({ list }: { list: readonly Camera[] }) {
  const t = useTexts(healthTexts);
  const ms = (n: number) => t("seconds", { n: Math.round(n) });
  return (
    <DataTable<Camera>
      caption={t("clock")}
      rows={list}
      rowKey={(c) => c.id}
      columns={[
        { key: "camera", title: t("camera"), cell: (c) => c.name },
        { key: "clock", title: t("clock"), cell: (c) => t.code("clock", c.clock) },
        { key: "delay", title: t("delay"), number: true, cell: (c) => ms(c.delay_p50_ms) },
        { key: "delay95", title: t("delay95"), number: true, cell: (c) => ms(c.delay_p95_ms) },
        {
          key: "quality",
          title: t("quality"),
          cell: (c) => (
            <>
              {t.code("rung", c.quality.rung)}
              {c.quality.rung === "full" ? null : <small>{t("quality.note")}</small>}
            </>
          ),
        },
        { key: "confined", title: t("confined"), cell: (c) => <Process of={c} /> },
      ]}
    />
  );
}

function Figures({ list }: { list: readonly Schemas["AdminFigure"][] }) {
  const t = useTexts(healthTexts);
  const w = useWords();
  const shown = (f: Schemas["AdminFigure"]) => {
    if (f.name.endsWith("_bytes")) return w.bytes(f.value);
    if (/_(start_time|timestamp)_seconds$/.test(f.name))
      return f.value > 0 ? w.moment(new Date(f.value * 1000).toISOString()) : "–";
    if (f.name.endsWith("_seconds")) return t("seconds", { n: Math.round(f.value * 1000) });
    return Number.isInteger(f.value) ? w.number(f.value) : w.decimal(f.value);
  };
  return (
    <DataTable<Schemas["AdminFigure"]>
      caption={t("figure")}
      rows={list}
      rowKey={(f) => `${f.name} ${JSON.stringify(f.labels)}`}
      columns={[
        {
          key: "name",
          title: t("figure"),
          cell: (f) => {
            const help = helpOf(w.lang, f);
            return (
              <>
                <code>{f.name}</code>
                <small lang={help.lang}>{help.text}</small>
              </>
            );
          },
          sort: (a, b) => a.name.localeCompare(b.name),
        },
        {
          key: "of",
          title: t("of"),
          cell: (f) =>
            Object.entries(f.labels)
              .map(([k, v]) => `${k}=${v}`)
              .join(" "),
        },
        { key: "value", title: t("value"), number: true, cell: shown, sort: (a, b) => a.value - b.value },
      ]}
    />
  );
}
