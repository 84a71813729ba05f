import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { ConfirmButton } from "../../kit/dialog";
import { Loaded } from "../../kit/loaded";
import { PageHead } from "../../kit/page";
import { holds, useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { Empty, Loading } from "../../ui/parts";
import { useReload, useVenue, type Venue, type Zone } from "../data";
import { useWalk, type Walking } from "../inspect/usewalk";
import { complete, findings, inOrder, progress } from "../inspect/walk";
import { Refusal } from "../problem";
import { inspectTexts } from "../texts/inspect";
import { EntranceCheck } from "./walkentrance";

export function WalkPage({ id }: { id: string }) {
  const t = useTexts(inspectTexts);
  const venue = useVenue();
  const { session } = useSession();
  return (
    <div className="walk">
      <Loaded query={venue} rows={6} page>
        {(v) => {
          const zone = v.zones.find((z) => z.id === id && z.kind === "recognition" && z.state !== "retired");
          const head = <PageHead title={t("walk", { zone: id })} lead={t("walk.lead")} />;
          const why = !zone
            ? "walk.gone"
            : !holds(session, ["inspector"])
              ? "walk.role"
              : zone.planners?.includes(session.id)
                ? "walk.planner"
                : zone.state === "draft"
                  ? "walk.draft"
                  : v.entrances.every((e) => e.zone !== id)
                    ? "walk.none"
                    : undefined;
          if (!zone || why)
            return (
              <>
                {head}
                <Empty icon="gate" title={t(why ?? "walk.gone")}>
                  <LinkButton to={zone ? `/zones/zone/${id}` : "/zones/inspect"}>{t("sent.to")}</LinkButton>
                </Empty>
              </>
            );
          return (
            <>
              {head}
              <Walked zone={zone} venue={v} account={session.id} />
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

const onNetwork = (f: () => void) => {
  addEventListener("online", f);
  addEventListener("offline", f);
  return () => {
    removeEventListener("online", f);
    removeEventListener("offline", f);
  };
};

function Walked({ zone, venue, account }: { zone: Zone; venue: Venue; account: string }) {
  const w = useWords();
  const t = useTexts(inspectTexts);
  const reload = useReload();
  const here = venue.entrances.filter((e) => e.zone === zone.id).map((e) => e.id);
  const key = here.join("\n");
  const entrances = useMemo(() => key.split("\n"), [key]);
  const onSent = useCallback(() => void reload(), [reload]);
  const walking = useWalk(zone.id, account, entrances, zone.version, onSent);
  const online = useSyncExternalStore(onNetwork, () => navigator.onLine);
  const [at, setAt] = useState(0);
  const { walk, sending } = walking;
  if (sending.kind === "sent")
    return (
      <Empty icon="check" title={t("sent")}>
        <p>{t("sent.text")}</p>
        <LinkButton tone="primary" to={`/zones/zone/${zone.id}`}>
          {t("sent.to")}
        </LinkButton>
      </Empty>
    );
  if (!walk) return <Loading rows={5} />;
  const changed = walk.zoneVersion !== zone.version || walk.entrances.join("\n") !== key;
  const entrance = walk.entrances[Math.min(at, walk.entrances.length - 1)] as string;
  const name = (id: string) => venue.entrances.find((e) => e.id === id)?.name || id;
  return (
    <>
      <p className={`network ${online ? "good" : "warn"}`} role="status">
        <Icon name={online ? "check" : "warn"} size={14} /> {t(online ? "online" : "offline")}
      </p>
      {walking.forgetful ? (
        <div className="note warn">
          <div>{t("storage")}</div>
        </div>
      ) : null}
      {changed ? (
        <div className="note warn">
          <div>{t("walk.changed")}</div>
          <Over walking={walking} />
        </div>
      ) : null}
      {walk.verdict ? (
        <div className="note info" role="status">
          <Icon name="clock" />
          <div>{t(sending.kind === "sending" ? "sending" : "waiting")}</div>
          <Button small pending={sending.kind === "sending"} onPress={walking.sendNow}>
            {t("waiting.now")}
          </Button>
        </div>
      ) : (
        <>
          {sending.kind === "refused" ? (
            <div role="alert">
              <h2>{t("refused")}</h2>
              <Refusal error={sending.error} of={{ zone: zone.id }} venue={venue} />
            </div>
          ) : null}
          <ol className="walk-steps">
            {walk.entrances.map((e, i) => {
              const p = progress(walk, e);
              return (
                <li key={e}>
                  <button type="button" aria-current={i === at ? "step" : undefined} onClick={() => setAt(i)}>
                    {p.done === p.all ? "✓ " : ""}
                    {name(e)}
                    <small>{t("done", { n: p.done, of: p.all })}</small>
                  </button>
                </li>
              );
            })}
          </ol>
          <EntranceCheck
            key={entrance}
            entrance={entrance}
            title={w.pair(t("entrance", { n: at + 1, of: walk.entrances.length }), name(entrance))}
            walk={walk}
            walking={walking}
            next={at + 1 < walk.entrances.length ? () => setAt(at + 1) : undefined}
          />
          <Finish walking={walking} name={name} />
        </>
      )}
    </>
  );
}

function Finish({ walking, name }: { walking: Walking; name: (e: string) => string }) {
  const t = useTexts(inspectTexts);
  const { walk } = walking;
  if (!walk) return null;
  const done = complete(walk);
  const passed = inOrder(walk);
  const finish = () => {
    const text = findings(walk, (e, what, note) =>
      what === "note" ? `${name(e)}: ${note}` : `${name(e)}: ${t("no")} – ${t(`check.${what}`)}`,
    );
    walking.change((w) => ({ ...w, verdict: { passed, findings: text, at: new Date().toISOString() } }));
    walking.sendNow();
  };
  return (
    <section className="walk-finish" aria-label={t("finish")}>
      <p className={done ? (passed ? "good" : "bad") : "muted"}>
        {t(!done ? "finish.open" : passed ? "finish.pass" : "finish.fail")}
      </p>
      <Button tone="primary" disabled={!done} onPress={finish}>
        {t("finish.do")}
      </Button>
      <Over walking={walking} />
    </section>
  );
}

function Over({ walking }: { walking: Walking }) {
  const t = useTexts(inspectTexts);
  return (
    <ConfirmButton
      small
      tone="danger"
      label={t("walk.over")}
      title={t("walk.over.ask")}
      text={t("walk.over.text")}
      run={walking.forget}
    />
  );
}
