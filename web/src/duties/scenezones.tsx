import { useAll, useRenew } from "../api/all";
import { api, client, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Loaded } from "../kit/loaded";
import { Chip, Panel } from "../kit/page";
import { Due } from "../kit/time";
import { Empty } from "../ui/parts";
import { Decide } from "./decide";
import { Reasons } from "./reasons";
import { sceneTexts } from "./scenetexts";

type Zone = Schemas["ZonesZone"];
const tones = {
  draft: "muted",
  signs_planned: "warn",
  inspected: "warn",
  live: "good",
  suspended: "bad",
  retired: "muted",
} as const;

/** Every recognition zone with what speaks against it, and the step that is a second person's. */
export function Zones() {
  const t = useTexts(sceneTexts);
  const zones = useAll("/v1/zones");
  return (
    <Panel title={t("zones")}>
      <Loaded
        query={zones}
        isEmpty={(d) => d.filter(recognises).length === 0}
        empty={
          <Empty icon="mask" title={t("zones.none")}>
            {t("zones.none.text")}
          </Empty>
        }
      >
        {(list) => (
          <ul className="zone-list">
            {list.filter(recognises).map((z) => (
              <One key={z.id} z={z} />
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

const recognises = (z: Zone) => z.kind === "recognition" && z.state !== "retired";

function One({ z }: { z: Zone }) {
  const w = useWords();
  const t = useTexts(sceneTexts);
  const renew = useRenew();
  const at = { params: { path: { id: z.id } } };
  const coverage = api.useQuery("get", "/v1/zones/{id}/coverage", at, { refetchInterval: 10_000 });
  const again = () => renew("/v1/zones", "/v1/zones/{id}/coverage");
  const ends = coverage.data?.runs_out?.[0];
  return (
    <li>
      <div className="zone-head">
        <h3>{z.id}</h3>
        <Chip tone={tones[z.state]}>{t(`z.${z.state}`)}</Chip>
        <span className="zone-of">
          {z.camera} · {z.scene}
        </span>
      </div>
      <Loaded query={coverage} rows={2}>
        {(c) =>
          c.reasons.length === 0 ? (
            <p>{t("nothing")}</p>
          ) : (
            <>
              <p>{t("against")}</p>
              <Reasons list={c.reasons} />
            </>
          )
        }
      </Loaded>
      {ends ? (
        <p>
          {w.pair(t("runs.out"), t.code("w", ends.what))} · <Due at={ends.at} soon={30} />
        </p>
      ) : null}
      <div className="actions panel-actions">
        {z.state === "inspected" || z.state === "suspended" ? (
          <Decide
            tone="primary"
            label={t("live")}
            title={t("live")}
            text={t("live.ask")}
            said={t("lived")}
            run={async (reason) => {
              await client.POST("/v1/zones/{id}/live", { ...at, body: { reason } });
              await again();
            }}
          />
        ) : null}
        {z.state === "live" ? (
          <Decide
            tone="danger"
            label={t("suspend")}
            title={t("suspend")}
            text={t("suspend.ask")}
            said={t("suspended")}
            run={async (reason) => {
              await client.POST("/v1/zones/{id}/suspend", { ...at, body: { reason } });
              await again();
            }}
          />
        ) : null}
      </div>
    </li>
  );
}
