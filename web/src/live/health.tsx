import type { ReactNode } from "react";
import type { Camera } from "../api/client";
import { useWords } from "../i18n/i18n";
import { Loading } from "../ui/parts";
import type { Claim } from "./claims";

/** How each camera is, in figures: a table, or cards where it is narrow. */
export function Health(props: {
  cameras: readonly Camera[] | undefined;
  claims: ReadonlyMap<string, Claim>;
  chosen: string;
}) {
  const { cameras, claims, chosen } = props;
  const w = useWords();
  return (
    <section className="panel health" aria-labelledby="health-title">
      <div className="panel-head">
        <h2 id="health-title">{w.t("health.title")}</h2>
      </div>
      {cameras === undefined ? (
        <Loading />
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{w.t("health.camera")}</th>
              <th scope="col">{w.t("health.state")}</th>
              <th scope="col">{w.t("health.masking")}</th>
              <th scope="col">{w.t("health.matching")}</th>
              <th scope="col">{w.t("health.recording")}</th>
              <th scope="col" className="right">
                {w.t("health.fps")}
              </th>
              <th scope="col" className="right">
                {w.t("health.delay")}
              </th>
              <th scope="col" className="right">
                {w.t("health.dropped")}
              </th>
              <th scope="col" className="right">
                {w.t("health.reconnects")}
              </th>
              <th scope="col" className="right">
                {w.t("health.people")}
              </th>
              <th scope="col" className="right">
                {w.t("health.viewers")}
              </th>
            </tr>
          </thead>
          <tbody>
            {cameras.map((c) => (
              <Row key={c.id} camera={c} claim={claims.get(c.id) ?? "guests"} chosen={c.id === chosen} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ camera: c, claim, chosen }: { camera: Camera; claim: Claim; chosen: boolean }) {
  const w = useWords();
  const ok = c.state === "connected";
  const tone = ok ? "good" : ["connecting", "starting", "paused"].includes(c.state) ? "quiet" : "bad";
  const why = (code: string | undefined) =>
    code ? w.t("health.offWhy", { why: w.code("off", code) }) : w.t("health.off");
  return (
    <tr className={chosen ? "chosen" : ""}>
      <th scope="row">
        {c.name}
        {c.zones.length ? (
          <small>{w.t("health.zones", { zones: c.zones.map((z) => z.name).join(", ") })}</small>
        ) : null}
      </th>
      <Cell label={w.t("health.state")}>
        <span className={`state ${tone}`}>
          <span className="dot" />
          {w.t(`state.${c.state}`)}
        </span>
        <small className="num">{w.t("health.since", { time: w.time(c.since) })}</small>
      </Cell>
      <Cell label={w.t("health.masking")}>
        <Masking camera={c} claim={claim} ok={ok} />
      </Cell>
      <Cell label={w.t("health.matching")}>
        {c.matching.on ? <span className="state good">{w.t("health.on")}</span> : why(c.matching.code)}
      </Cell>
      <Cell label={w.t("health.recording")}>
        {c.recording.on ? <span className="state good">{w.t("health.on")}</span> : why(c.recording.code)}
        {c.recording.bytes ? <small className="num">{w.bytes(c.recording.bytes)}</small> : null}
      </Cell>
      <Cell label={w.t("health.fps")} num>
        {ok ? w.decimal(c.fps) : "–"}
      </Cell>
      <Cell label={w.t("health.delay")} num>
        {ok
          ? `${w.number(c.delay_p50_ms)} / ${w.t("tile.delayValue", { ms: Math.round(c.delay_p95_ms) })}`
          : "–"}
      </Cell>
      <Cell label={w.t("health.dropped")} num>
        {w.number(c.dropped)}
        {c.corrupt ? <small>{`${w.t("health.corrupt")} ${w.number(c.corrupt)}`}</small> : null}
      </Cell>
      <Cell label={w.t("health.reconnects")} num>
        {w.number(c.reconnects)}
        {c.restarts ? <small>{`${w.t("health.restarts")} ${w.number(c.restarts)}`}</small> : null}
      </Cell>
      <Cell label={w.t("health.people")} num>
        {ok ? w.number(c.tracks) : "–"}
      </Cell>
      <Cell label={w.t("health.viewers")} num>
        {w.number(c.viewers)}
      </Cell>
    </tr>
  );
}

function Masking({ camera: c, claim, ok }: { camera: Camera; claim: Claim; ok: boolean }) {
  const w = useWords();
  if (!ok) return <>–</>;
  const count = c.mask.full_frames ? (
    <small className="num">{w.t("health.fullFrames", { n: c.mask.full_frames })}</small>
  ) : null;
  if (c.mask.state === "full") {
    return (
      <>
        <span className="state warn">{w.pair(w.t("tile.full"), w.code("mask", c.mask.code))}</span>
        {count}
      </>
    );
  }
  return (
    <>
      <span className={`state ${claim === "clear" ? "clear" : "good"}`}>
        {claim === "clear"
          ? w.t("tile.clear", { n: c.mask.clear })
          : w.t(claim === "everybody" ? "tile.masked" : "tile.guests")}
      </span>
      {count}
    </>
  );
}

function Cell({ label, num = false, children }: { label: string; num?: boolean; children: ReactNode }) {
  return (
    <td className={num ? "right num" : ""} data-label={label}>
      <div>{children}</div>
    </td>
  );
}
