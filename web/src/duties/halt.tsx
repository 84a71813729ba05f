import { useRenew } from "../api/all";
import { api, client } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { PageHead } from "../kit/page";
import { Moment } from "../kit/time";
import { useSession } from "../session/session";
import { Icon } from "../ui/icons";
import { Decide } from "./decide";
import { haltTexts } from "./halttexts";
import { Account } from "./who";
import "./duties.css";

/** The kill switch: everybody masked on every stream, until two people end it. */
export default function Halt() {
  const t = useTexts(haltTexts);
  const renew = useRenew();
  const { session } = useSession();
  const kill = api.useQuery("get", "/v1/kill", {}, { refetchInterval: 3000 });
  const again = () => renew("/v1/kill");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded query={kill}>
        {(k) => (
          <section className={`halt panel${k.on ? " on" : ""}`} aria-live="polite">
            <span className="halt-mark" aria-hidden="true">
              <Icon name={k.on ? "mask" : "eye"} size={40} />
            </span>
            <h2>{k.on ? t("on") : t("off")}</h2>
            <p>{k.on ? t("on.text") : t("off.text")}</p>
            {k.on ? (
              <dl className="halt-facts">
                <dt>{t("why")}</dt>
                <dd>{k.why}</dd>
                <dt>{t("by")}</dt>
                <dd>
                  <Account id={k.by} />
                </dd>
                <dt>{t("since")}</dt>
                <dd>
                  <Moment at={k.at} />
                </dd>
                {k.asked ? (
                  <>
                    <dt>{t("asked")}</dt>
                    <dd>
                      <Account id={k.asked} />
                    </dd>
                  </>
                ) : null}
              </dl>
            ) : null}
            {k.on && k.asked === session.id ? <p>{t("second")}</p> : null}
            <div className="actions">
              {k.on ? (
                k.asked === session.id ? null : (
                  <Decide
                    tone="primary"
                    label={k.asked ? t("agree") : t("resume")}
                    title={k.asked ? t("agree") : t("resume")}
                    text={k.asked ? t("agree.ask") : t("resume.ask")}
                    run={async (reason) => {
                      await client.POST("/v1/resume", { body: { reason } });
                      await again();
                    }}
                  />
                )
              ) : (
                <Decide
                  tone="danger"
                  label={t("halt")}
                  title={t("halt")}
                  text={t("halt.ask")}
                  said={t("halted")}
                  run={async (reason) => {
                    await client.POST("/v1/kill", { body: { reason } });
                    await again();
                  }}
                />
              )}
            </div>
          </section>
        )}
      </Loaded>
    </>
  );
}
