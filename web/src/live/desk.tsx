import "./live.css";
import { lazy, Suspense } from "react";
import { useLocation } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { ErrorNote, Loading, useHouse } from "../ui/parts";
import { HaltControl } from "./halting";
import { useTheHouse } from "./housecontext";
import { wallTexts } from "./texts";
import { WallPage } from "./wallpage";

const RecordingsPage = lazy(() => import("./timeline/page"));
const EventsPage = lazy(() => import("./events/page"));

/** The operators' desk: the wall, the recordings on a timeline, the events. */
export default function LiveDesk() {
  const house = useTheHouse();
  const { cameras, error } = useHouse(house);
  const t = useTexts(wallTexts);
  const { pathname } = useLocation();
  return (
    <>
      <div className="live-nav">
        <SubNav
          label={t("nav.label")}
          items={[
            { to: "/", label: t("nav.wall"), end: true },
            { to: "/live/recordings", label: t("nav.recordings") },
            { to: "/live/events", label: t("nav.events") },
          ]}
        />
        <HaltControl cameras={cameras} />
      </div>
      {error ? (
        <div className="live-error">
          <ErrorNote error={error} onRetry={() => house.retry()} />
        </div>
      ) : null}
      <Suspense fallback={<Loading rows={6} />}>
        {pathname.startsWith("/live/recordings") ? (
          <RecordingsPage />
        ) : pathname.startsWith("/live/events") ? (
          <EventsPage />
        ) : (
          <WallPage house={house} />
        )}
      </Suspense>
    </>
  );
}
