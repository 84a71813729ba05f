import { useQuery } from "@tanstack/react-query";
import { client, RequestError } from "../../api/client";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { Icon } from "../../ui/icons";
import { Empty, Loading } from "../../ui/parts";
import { type CameraPolicy, nameOf, standing, useReload, useVenue, type Venue } from "../data";
import { Decide } from "../decide";
import { useStill } from "../still";
import { cameraTexts } from "../texts/camera";
import { CameraForm } from "./cameraform";

export function CamerasPage() {
  const t = useTexts(cameraTexts);
  const venue = useVenue();
  const { session } = useSession();
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Loaded query={venue}>
        {(v) => {
          const ids = [
            ...new Set([...v.cameras.map((c) => c.id), ...v.policies.map((c) => c.id)]),
          ].toSorted();
          if (ids.length === 0)
            return (
              <Empty icon="camera" title={t("none")}>
                <p>{t("none.text")}</p>
                {holds(session, ["administrator"]) ? (
                  <LinkButton small to="/admin/cameras/new">
                    {t("none.add")}
                  </LinkButton>
                ) : null}
              </Empty>
            );
          return (
            <ul className="zone-cards">
              {ids.map((id) => (
                <CameraCard key={id} id={id} venue={v} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </>
  );
}

function CameraCard({ id, venue }: { id: string; venue: Venue }) {
  const t = useTexts(cameraTexts);
  const policy = venue.policies.find((c) => c.id === id);
  const runs = venue.cameras.some((c) => c.id === id);
  const zones = standing(venue.zones).filter((z) => z.camera === id).length;
  return (
    <li className="panel zone-card">
      <div className="zone-card-head">
        <div>
          <h2>{nameOf(venue.cameras, id)}</h2>
          <small>
            {policy ? t.code("place", policy.place_type) : ""}{" "}
            {zones > 0 ? `· ${t("zones", { n: zones })}` : ""} {runs ? "" : `· ${t("not.running")}`}
          </small>
        </div>
        <Chip tone={policy ? "good" : "warn"}>{t(policy ? "registered" : "unregistered")}</Chip>
      </div>
      <div className="actions">
        <LinkButton small to={`/zones/cameras/${id}`}>
          {t("open", { name: nameOf(venue.cameras, id) })}
        </LinkButton>
        {policy ? (
          <LinkButton small to={`/zones/draw/${id}`}>
            {t("draw")}
          </LinkButton>
        ) : null}
      </div>
    </li>
  );
}

export function CameraPage({ id }: { id: string }) {
  const t = useTexts(cameraTexts);
  const venue = useVenue();
  return (
    <Loaded query={venue} rows={6} page>
      {(v) => {
        const policy = v.policies.find((c) => c.id === id);
        return (
          <>
            <PageHead
              title={t("one", { name: nameOf(v.cameras, id) })}
              lead={t("one.lead")}
              actions={
                policy ? (
                  <LinkButton tone="primary" to={`/zones/draw/${id}`}>
                    {t("draw")}
                  </LinkButton>
                ) : null
              }
            />
            <div className="columns">
              <CameraForm id={id} policy={policy} venue={v} />
              <ViewPanel id={id} policy={policy} />
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

/** How the camera stands, what it sees, and taking that as the right view. */
function ViewPanel({ id, policy }: { id: string; policy: CameraPolicy | undefined }) {
  const t = useTexts(cameraTexts);
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const still = useStill(
    id,
    holds(session, ["venue_owner", "inspector", "privacy_officer", "administrator"]),
  );
  const view = useQuery({
    queryKey: ["view", id],
    refetchInterval: 5_000,
    queryFn: async () => {
      const { data } = await client.GET("/v1/cameras/{id}/view", { params: { path: { id } } });
      if (!data) throw new RequestError(0, "", "");
      return data;
    },
  });
  const state = view.data?.state ?? "unknown";
  const confirmed = policy?.pose || policy?.pose_assumed;
  return (
    <Panel title={t("view")} note={t("view.note")}>
      <div id="view" className="form">
        <p className={`all-good ${state === "calibrated" ? "" : "off"}`}>
          <Icon name={state === "calibrated" ? "check" : "warn"} />{" "}
          {t(`view.${confirmed ? state : "unknown"}`)}
        </p>
        {still.data ? (
          <figure className="still">
            <img src={still.data.src} alt={t("still")} />
            <figcaption>{t("still")}</figcaption>
          </figure>
        ) : still.error ? (
          <p className="muted">{t("still.none")}</p>
        ) : (
          <Loading rows={2} />
        )}
        <div className="actions">
          <Button small pending={still.isFetching} onPress={() => void still.refetch()}>
            {t("still.again")}
          </Button>
          {policy && holds(session, ["venue_owner", "administrator"]) ? (
            <Decide
              label={t("view.do")}
              title={t("view.ask")}
              text={t("view.ask.text")}
              of={{ camera: id }}
              run={async (reason) => {
                await client.POST("/v1/cameras/{id}/calibrate", {
                  params: { path: { id } },
                  body: { reason },
                });
                say(t("view.done"));
                await Promise.all([reload(), view.refetch()]);
              }}
            />
          ) : null}
        </div>
      </div>
    </Panel>
  );
}
