import { useState } from "react";
import { Link } from "react-router";
import { client } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { TextArea, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { PageHead, Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { ifMatch, place, type Sign, type SignText, useReload, useVenue, type Venue } from "../data";
import { Decide } from "../decide";
import { distance } from "../draw/geometry";
import { pairDistance } from "../draw/items";
import { PhotoField, Photos } from "../photos";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";
import { signTexts } from "../texts/sign";
import { fields, lacking, languages, prefilled, type SignLang } from "./content";

export function SignPage({ id }: { id: string }) {
  const s = useTexts(signTexts);
  const venue = useVenue();
  return (
    <Loaded query={venue} rows={6} page>
      {(v) => {
        const sign = v.signs.find((x) => x.id === id);
        return sign ? (
          <SignEditor key={sign.version} sign={sign} venue={v} />
        ) : (
          <Gone title={s("gone", { id })} to="/zones" />
        );
      }}
    </Loaded>
  );
}

type Both = Record<SignLang, SignText>;

function SignEditor({ sign, venue }: { sign: Sign; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const s = useTexts(signTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const owner = holds(session, ["venue_owner"]);
  const silent = sign.kind === "floor_marking";
  const [both, setBoth] = useState<Both>({
    en: sign.text ?? {},
    "zh-CN": sign.translations?.["zh-CN"] ?? {},
  });
  const [photo, setPhoto] = useState(sign.photo ?? "");
  const [until, setUntil] = useState(sign.valid_until?.slice(0, 10) ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const lacks = languages.flatMap((l) => (silent ? [] : lacking(both[l], venue.site?.profile)));
  const entrance = venue.entrances.find((e) => e.id === sign.entrance);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await client.PUT("/v1/signs/{id}", {
        params: { path: { id: sign.id }, header: ifMatch(sign) },
        body: {
          zone: sign.zone,
          entrance: sign.entrance,
          kind: sign.kind,
          position: sign.position,
          ...(silent
            ? {}
            : { text: both.en, translations: { ...sign.translations, "zh-CN": both["zh-CN"] } }),
          ...(photo ? { photo } : {}),
          ...(until ? { valid_until: `${until}T23:59:59Z` } : {}),
          reason: s("reason"),
        },
      });
      say(s("saved"));
      await reload();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <PageHead
        title={s("title", { kind: t(`sign.${sign.kind}`), id: sign.id })}
        lead={s("lead", { entrance: entrance?.name || sign.entrance, zone: sign.zone })}
        actions={
          <>
            {silent ? null : <LinkButton to={`/zones/sign/${sign.id}/print`}>{s("print")}</LinkButton>}
            <Decide
              tone="danger"
              label={s("remove")}
              title={s("remove.ask", { id: sign.id })}
              text={s("remove.text")}
              run={async (reason) => {
                await client.POST("/v1/signs/{id}/remove", {
                  params: { path: { id: sign.id } },
                  body: { reason },
                });
                say(s("removed"));
                await reload();
              }}
            />
          </>
        }
      />
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        {silent ? null : (
          <Panel
            title={s("must")}
            note={s("must.note")}
            actions={
              owner ? (
                <Button small onPress={() => setBoth(filled(both, sign, venue))}>
                  {s("fill")}
                </Button>
              ) : null
            }
          >
            <div className="sign-languages">
              {languages.map((l) => (
                <TextColumn
                  key={l}
                  lang={l}
                  text={both[l]}
                  profile={venue.site?.profile}
                  readOnly={!owner}
                  onChange={(text) => setBoth({ ...both, [l]: text })}
                />
              ))}
            </div>
          </Panel>
        )}
        <div className="columns">
          <Panel title={s("photo")}>
            <div className="form">
              <Photos
                label={s("photo")}
                ids={photo ? [photo] : []}
                {...(owner ? { onDrop: () => setPhoto("") } : {})}
              />
              {owner ? (
                <PhotoField label={s("photo.add")} hint={s("photo.hint")} onStored={setPhoto} />
              ) : null}
              <TextField
                type="date"
                disabled={!owner}
                label={s("until")}
                hint={s("until.hint")}
                value={until}
                onChange={setUntil}
              />
            </div>
          </Panel>
          {sign.kind === "face_recognition" ? <PairPanel sign={sign} venue={venue} /> : null}
        </div>
        {error ? <Refusal error={error} of={{ zone: sign.zone }} venue={venue} /> : null}
        {owner ? (
          <div className="actions">
            <Button submit tone="primary" pending={busy} disabled={lacks.length > 0}>
              {s("save")}
            </Button>
          </div>
        ) : null}
      </form>
    </>
  );
}

/** Empty lines from what the site knows; what the owner wrote stays. */
function filled(both: Both, sign: Sign, v: Venue): Both {
  const known = prefilled(sign.kind, sign.zone, v);
  const fill = (mine: SignText, from: SignText | undefined): SignText => {
    const out: SignText = { ...mine };
    for (const f of fields) if (!out[f]?.trim() && from?.[f]) out[f] = from[f];
    return out;
  };
  return { en: fill(both.en, known.text), "zh-CN": fill(both["zh-CN"], known.translations?.["zh-CN"]) };
}

function TextColumn(props: {
  lang: SignLang;
  text: SignText;
  profile: string | undefined;
  readOnly: boolean;
  onChange: (t: SignText) => void;
}) {
  const s = useTexts(signTexts);
  const w = useWords();
  const lacks = lacking(props.text, props.profile);
  const long = new Set(["function", "retention", "alternative"]);
  return (
    <fieldset className="form" lang={props.lang}>
      <legend>{s(`lang.${props.lang}`)}</legend>
      <p className={`all-good ${lacks.length > 0 ? "off" : ""}`} lang={w.lang}>
        <Icon name={lacks.length > 0 ? "warn" : "check"} size={14} />{" "}
        {lacks.length > 0
          ? s("says.not", { list: new Intl.ListFormat(w.lang).format(lacks.map((f) => s(`field.${f}`))) })
          : s("says.all")}
      </p>
      {fields.map((f) => {
        const common = {
          label: s(`field.${f}`),
          value: props.text[f] ?? "",
          disabled: props.readOnly,
          required: f !== "notice_link" || props.profile === "eu",
          maxLength: 300,
          onChange: (v: string) => props.onChange({ ...props.text, [f]: v }),
        };
        return long.has(f) ? <TextArea key={f} rows={3} {...common} /> : <TextField key={f} {...common} />;
      })}
    </fieldset>
  );
}

/** Whether the two signs of an entrance stand side by side. */
function PairPanel({ sign, venue }: { sign: Sign; venue: Venue }) {
  const s = useTexts(signTexts);
  const w = useWords();
  const zone = venue.zones.find((z) => z.id === sign.zone);
  const records = venue.scenes.find((x) => x.id === zone?.scene)?.records ?? false;
  const here = place(sign.position);
  const apart = venue.signs
    .filter((x) => x.entrance === sign.entrance && x.kind === "monitoring")
    .map((x) => place(x.position))
    .map((p) => (p && here ? distance(p, here) : Number.POSITIVE_INFINITY))
    .toSorted((a, b) => a - b)[0];
  const ok = !records || (apart !== undefined && apart <= pairDistance + 1e-3);
  const plan = zone?.plan ?? venue.plans[0]?.id;
  return (
    <Panel title={s("pair")}>
      <p className={`all-good ${ok ? "" : "off"}`}>
        <Icon name={ok ? "check" : "warn"} />{" "}
        {!records
          ? s("pair.off")
          : apart === undefined
            ? s("pair.none")
            : s(ok ? "pair.ok" : "pair.far", { m: w.score(apart) })}
      </p>
      {plan ? <Link to={`/zones/plan/${plan}?zone=${sign.zone}`}>{s("pair.move")}</Link> : null}
    </Panel>
  );
}
