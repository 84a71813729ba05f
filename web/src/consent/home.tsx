import { useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import { Keys, say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import { type Consent, codeIn, type House, type Place, type Session, shortName } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { CheckField, RadioField, SelectField, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { Moment } from "../kit/time";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { desk } from "./texts";

/** Begin, find, and who waits. */
export function Home() {
  const t = useTexts(desk);
  const house = api.useQuery("get", "/v1/consents/house");
  return (
    <>
      <Stale />
      <div className="columns">
        <Panel title={t("begin.title")} note={t("begin.note")}>
          <Loaded
            query={house}
            isEmpty={(h) => (h.places ?? []).length === 0}
            empty={
              <Empty icon="gate" title={t("begin.noPlace")}>
                {t("begin.noPlaceText")}
              </Empty>
            }
          >
            {(h) => <Begin house={h} />}
          </Loaded>
        </Panel>
        <Panel title={t("find.title")} note={t("find.note")}>
          <Find />
        </Panel>
      </div>
      <Queue />
    </>
  );
}

/** After a change of the model: nobody is compared with templates of the one before. */
function Stale() {
  const t = useTexts(desk);
  const n = api.useQuery("get", "/v1/census", {}, { retry: false }).data?.stale ?? 0;
  if (n === 0) return null;
  return (
    <div className="note warn" role="status">
      <Icon name="warn" />
      <div>
        <strong>{t("stale.title", { n })}</strong>
        <small>{t("stale.text")}</small>
      </div>
      <LinkButton small to="/consent/messages">
        {t("stale.who")}
      </LinkButton>
    </div>
  );
}

function Begin({ house }: { house: House }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const go = useNavigate();
  const act = useAct();
  const [keys] = useState(() => new Keys());
  const places = house.places ?? [];
  const only = places.length === 1 ? places[0] : undefined;
  const [scene, setScene] = useState(only?.scene ?? "");
  const [zones, setZones] = useState<readonly string[]>([]);
  const [age, setAge] = useState<"" | "over" | "child">("");
  const [turns, setTurns] = useState("");
  const place = places.find((p) => p.scene === scene);
  const all = (place?.zones ?? []).map((z) => z.zone);
  const named = all.length === 1 ? all : zones;
  const ready = place?.notice && named.length > 0 && (age === "over" || (age === "child" && turns));
  const begin = () =>
    act.run(async () => {
      const body = {
        channel: "kiosk",
        scenes: [scene],
        zones: named,
        under_14: age === "child",
        ...(age === "child" ? { turns_14: `${turns}T00:00:00Z` } : {}),
      };
      const s = await say<Session>("/v1/enrolments", body, keys.of(JSON.stringify(body)));
      void go(`/consent/enrolments/${s.id}`);
    });
  return (
    <form
      className="form"
      onSubmit={(ev) => {
        ev.preventDefault();
        void begin();
      }}
    >
      <SelectField
        label={t("begin.scene")}
        value={scene}
        onChange={(v) => {
          setScene(v);
          setZones([]);
        }}
        options={places.map((p) => ({
          value: p.scene,
          label: label(e, t, p),
          disabled: !p.notice,
        }))}
      />
      {all.length > 1 ? (
        <fieldset className="field">
          <legend>{t("begin.zones")}</legend>
          {all.map((z) => (
            <CheckField
              key={z}
              label={e("zone.name", { zone: z })}
              value={zones.includes(z)}
              onChange={(on) => setZones(on ? [...zones, z] : zones.filter((x) => x !== z))}
            />
          ))}
        </fieldset>
      ) : null}
      <RadioField
        label={t("begin.age")}
        value={age}
        onChange={setAge}
        options={[
          { value: "over", label: t("begin.14") },
          { value: "child", label: t("begin.child") },
        ]}
      />
      {age === "child" ? (
        <TextField type="date" label={t("begin.turns")} value={turns} onChange={setTurns} required />
      ) : null}
      <Refused error={act.error} onRetry={act.again} />
      <div className="actions">
        <Button submit tone="primary" pending={act.busy} disabled={!ready}>
          {t("begin.go")}
        </Button>
      </div>
    </form>
  );
}

function label(
  e: { code: (prefix: string, code: string) => string },
  t: ReturnType<typeof useTexts<keyof (typeof desk)["en"]>>,
  p: Place,
): string {
  const name = `${e.code("scene", p.purpose)} (${p.scene})`;
  return p.notice ? name : `${name}: ${t("begin.noNotice")}`;
}

const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function Find() {
  const t = useTexts(desk);
  const go = useNavigate();
  const act = useAct();
  const [text, setText] = useState("");
  const [bad, setBad] = useState(false);
  const find = () => {
    const code = codeIn(text);
    const given = text.trim();
    setBad(!code && !id.test(given));
    if (id.test(given)) return void go(`/consent/people/${given.toLowerCase()}`);
    if (!code) return;
    void act.run(async () => {
      const { consents } = await say<{ consents: Consent[] }>("/v1/consents/lookup", { code });
      const who = consents[0]?.enrollee;
      if (who) void go(`/consent/people/${who}`);
    });
  };
  return (
    <form
      className="form"
      onSubmit={(ev) => {
        ev.preventDefault();
        find();
      }}
    >
      <TextField
        label={t("find.label")}
        value={text}
        onChange={(v) => {
          setText(v);
          setBad(false);
        }}
        error={bad ? t("find.bad") : undefined}
        mono
      />
      <Refused error={act.error} onRetry={act.again} />
      <div className="actions">
        <Button submit pending={act.busy} disabled={!text.trim()}>
          {t("find.go")}
        </Button>
      </div>
    </form>
  );
}

/** What a session waits for, as far as the list can tell. */
export function waitsFor(s: Session): "proof" | "photo" | "enrolled" | "again" {
  if (s.state === "enrolled") return "enrolled";
  if (s.proof?.method) return s.again ? "again" : "photo";
  return "proof";
}

function Queue() {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const sessions = api.useQuery("get", "/v1/enrolments", {}, { refetchInterval: 15_000 });
  return (
    <Panel title={t("queue.title")} note={t("queue.note")}>
      <Loaded query={sessions}>
        {({ sessions: all }) => (
          <DataTable
            caption={t("table", { what: t("queue.title") })}
            rows={all}
            rowKey={(s) => s.id}
            empty={
              <Empty icon="clock" title={t("queue.empty")}>
                {t("queue.emptyText")}
              </Empty>
            }
            columns={[
              {
                key: "n",
                title: t("queue.number"),
                cell: (s) => <strong className="mono">{shortName(s.id)}</strong>,
              },
              {
                key: "at",
                title: t("queue.begun"),
                cell: (s) => <Moment at={s.created_at} ago />,
                sort: (a, b) => a.created_at.localeCompare(b.created_at),
              },
              {
                key: "where",
                title: t("queue.where"),
                cell: (s) => [...(s.scenes ?? []), ...(s.zones ?? [])].join(", "),
              },
              { key: "state", title: t("queue.state"), cell: (s) => t(`wait.${waitsFor(s)}`) },
              {
                key: "by",
                title: t("queue.by"),
                cell: (s) => `${s.created_by} · ${e.code("channel", s.channel)}`,
              },
              {
                key: "open",
                title: t("queue.open"),
                cell: (s) => (
                  <LinkButton small to={`/consent/enrolments/${s.id}`}>
                    {t("queue.open")}
                  </LinkButton>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
