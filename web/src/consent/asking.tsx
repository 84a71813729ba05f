import { useState } from "react";
import { api } from "../api/client";
import { digest, Keys, say, useAct } from "../enrol/act";
import { NoticeView, Ways } from "../enrol/notice";
import { Question } from "../enrol/question";
import { Refused } from "../enrol/refused";
import { enrol } from "../enrol/texts";
import {
  basis,
  type Consent,
  type Current,
  type Offer,
  open,
  type Person,
  type Purpose,
  purposes,
  type Session,
  spoken,
  type Way,
} from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { FileField, SelectField, TextField } from "../kit/fields";
import { Chip, Panel } from "../kit/page";
import { useToast } from "../kit/toast";
import { desk } from "./texts";

interface Props {
  session: Session;
  person: Person;
  onChange: () => void;
}

/** Every purpose by itself: asked on this screen, or recorded from a signed sheet. */
export function Asking({ session, person, onChange }: Props) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const act = useAct();
  const [offer, setOffer] = useState<Offer>();
  const [asking, setAsking] = useState<Purpose>();
  const [sheet, setSheet] = useState<Purpose>();
  const [declined, setDeclined] = useState<readonly Way[]>();
  const scene = session.scenes?.[0] ?? "";
  const blocked = person.under_14 === "yes" && !person.guardian;
  const standing = (p: Purpose) => (person.consents ?? []).find((c) => c.purpose === p && open(c));
  const ask = (purpose: Purpose) =>
    act.run(async () => {
      setDeclined(undefined);
      setOffer(
        await say<Offer>("/v1/prompts", { party: person.id, scene, purposes: [purpose], channel: "kiosk" }),
      );
      setAsking(purpose);
    });
  const done = (ways?: readonly Way[]) => {
    setAsking(undefined);
    setSheet(undefined);
    setDeclined(ways);
    onChange();
  };
  return (
    <Panel title={t("act.title")} note={t("act.note")}>
      {blocked ? <p>{t("act.guardianFirst")}</p> : null}
      <ul className="act-list">
        {purposes.map((p) => {
          const has = standing(p);
          return (
            <li key={p}>
              <span>
                <strong>{e(`purpose.${p}`)}</strong>
                {has ? (
                  <Chip tone={has.state === "active" ? "good" : "warn"}>{e.code("state", has.state)}</Chip>
                ) : spoken.includes(p) ? null : (
                  <Chip>{t("act.need")}</Chip>
                )}
              </span>
              {has ? null : (
                <span className="actions">
                  {spoken.includes(p) ? (
                    <Button small onPress={() => void ask(p)} disabled={blocked || act.busy}>
                      {t("act.read")}
                    </Button>
                  ) : null}
                  <Button small onPress={() => setSheet(p)} disabled={blocked}>
                    {t("act.paper")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <Refused error={act.error} onRetry={act.again} />
      {declined ? (
        <div role="status" className="act-declined">
          <p>{t("act.declined")}</p>
          <Ways zones={declined} />
        </div>
      ) : null}
      <Dialog
        title={t("act.handover")}
        open={asking !== undefined && offer !== undefined}
        onClose={() => setAsking(undefined)}
        wide
        keep
      >
        {asking && offer ? (
          <Handover session={session} person={person} offer={offer} purpose={asking} onDone={done} />
        ) : null}
      </Dialog>
      <Dialog title={t("act.paper")} open={sheet !== undefined} onClose={() => setSheet(undefined)}>
        {sheet ? <Sheet session={session} person={person} purpose={sheet} onDone={() => done()} /> : null}
      </Dialog>
    </Panel>
  );
}

/** What the person reads and presses themselves. */
function Handover(props: {
  session: Session;
  person: Person;
  offer: Offer;
  purpose: Purpose;
  onDone: (ways?: readonly Way[]) => void;
}) {
  const t = useTexts(enrol);
  const act = useAct();
  const { session, person, offer, purpose } = props;
  const [keys] = useState(() => new Keys());
  const yes = () =>
    act.run(async () => {
      await say<Consent>(
        "/v1/consents",
        {
          enrollee: person.id,
          purposes: [purpose],
          scenes: session.scenes,
          zones: session.zones,
          ...(person.under_14 === "yes" && person.guardian ? { guardian: person.guardian } : {}),
          act: {
            channel: "kiosk",
            widget: "button",
            language: t.lang,
            notice_hash: offer.notice.hash,
            basis,
          },
        },
        keys.of(`give ${purpose} ${t.lang}`),
      );
      props.onDone();
    });
  const no = () =>
    act.run(async () => {
      const way = await say<{ zones: Way[] | null }>(`/v1/prompts/${offer.prompt}/decline`, {});
      props.onDone(way.zones ?? []);
    });
  return (
    <div className="handover">
      <NoticeView current={offer.notice} />
      <Question
        purpose={purpose}
        zones={session.zones ?? []}
        busy={act.busy}
        onYes={() => void yes()}
        onNo={() => void no()}
      />
      <Refused error={act.error} onRetry={act.again} />
    </div>
  );
}

/** Records a sheet that was signed; its file stays where it is. */
function Sheet(props: { session: Session; person: Person; purpose: Purpose; onDone: () => void }) {
  const t = useTexts(desk);
  const e = useTexts(enrol);
  const act = useAct();
  const toast = useToast();
  const { session, person, purpose } = props;
  const scene = session.scenes?.[0] ?? "";
  const notice = api.useQuery("get", "/v1/notices/current", { params: { query: { scene } } });
  const [hash, setHash] = useState("");
  const [day, setDay] = useState("");
  const [language, setLanguage] = useState<"" | "en" | "zh-CN">("");
  const [keys] = useState(() => new Keys());
  const record = (current: Current) =>
    act.run(async () => {
      await say<Consent>(
        "/v1/consents",
        {
          enrollee: person.id,
          purposes: [purpose],
          scenes: session.scenes,
          zones: session.zones,
          ...(person.under_14 === "yes" && person.guardian ? { guardian: person.guardian } : {}),
          act: {
            channel: "paper",
            widget: "signature",
            language,
            notice_hash: current.hash,
            basis,
            written: true,
            document_sha256: hash,
            ...(day ? { act_at: new Date(day).toISOString() } : {}),
          },
        },
        keys.of(`sheet ${purpose} ${hash} ${day} ${language}`),
      );
      toast(t("saved"));
      props.onDone();
    });
  return (
    <form
      className="form"
      onSubmit={(ev) => {
        ev.preventDefault();
        if (notice.data) void record(notice.data);
      }}
    >
      <p>
        <strong>{e(`purpose.${purpose}`)}</strong>
      </p>
      <FileField
        label={t("act.sheet")}
        hint={t("act.sheetHint")}
        accept="image/*,application/pdf"
        onChoose={([file]) => {
          if (file) void digest(file).then(setHash);
        }}
        required
      />
      {hash ? (
        <p className="mono small-hash">
          {t("act.fingerprint")}: {hash}
        </p>
      ) : null}
      <div className="form-row">
        <TextField type="datetime-local" label={t("act.signed")} value={day} onChange={setDay} />
        <SelectField
          label={t("act.language")}
          value={language}
          onChange={setLanguage}
          options={[
            { value: "zh-CN", label: "简体中文" },
            { value: "en", label: "English" },
          ]}
        />
      </div>
      <Refused error={act.error ?? notice.error} onRetry={act.again} />
      <div className="kit-dialog-foot">
        <Button submit tone="primary" pending={act.busy} disabled={!hash || !language || !notice.data}>
          {t("act.record")}
        </Button>
      </div>
    </form>
  );
}
