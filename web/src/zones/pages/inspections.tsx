import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { PageHead } from "../../kit/page";
import { holds, useSession } from "../../session/session";
import { Empty } from "../../ui/parts";
import { useVenue } from "../data";
import { StateChip, useDay } from "../kindof";
import { inspectTexts } from "../texts/inspect";

/** The zones that can be walked, those that wait first. */
export function InspectList() {
  const t = useTexts(inspectTexts);
  const venue = useVenue();
  const day = useDay();
  const { session } = useSession();
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded query={venue}>
        {(v) => {
          const zones = v.zones
            .filter((z) => z.kind === "recognition" && z.state !== "draft" && z.state !== "retired")
            .toSorted((a, b) => Number(a.state !== "signs_planned") - Number(b.state !== "signs_planned"));
          if (zones.length === 0)
            return (
              <Empty icon="check" title={t("none")}>
                <p>{t("none.text")}</p>
                <LinkButton small to="/zones">
                  {t("none.zones")}
                </LinkButton>
              </Empty>
            );
          return (
            <ul className="zone-cards">
              {zones.map((z) => {
                const last = v.inspections.find((i) => i.id === z.inspection);
                return (
                  <li key={z.id} className="panel zone-card">
                    <div className="zone-card-head">
                      <div>
                        <h2>{z.id}</h2>
                        <small>
                          {last
                            ? t("last", { date: day(last.date), until: day(last.valid_until) })
                            : t("never")}
                        </small>
                      </div>
                      <StateChip zone={z} />
                    </div>
                    <LinkButton
                      tone={z.state === "signs_planned" ? "primary" : "plain"}
                      to={`/zones/inspect/${z.id}`}
                    >
                      {t(holds(session, ["inspector"]) ? "begin" : "read")}
                      <span className="hidden"> {z.id}</span>
                    </LinkButton>
                  </li>
                );
              })}
            </ul>
          );
        }}
      </Loaded>
    </>
  );
}
