import { Navigate, Route, Routes, useParams } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { useVenue } from "./data";
import { CameraPage, CamerasPage } from "./pages/cameras";
import { DrawPage } from "./pages/drawing";
import { InspectList } from "./pages/inspections";
import { Overview } from "./pages/overview";
import { PlanPage } from "./pages/plan";
import { NewPlan } from "./pages/planform";
import { ScenePage } from "./pages/scene";
import { ScenesPage } from "./pages/scenes";
import { WalkPage } from "./pages/walk";
import { ZonePage } from "./pages/zone";
import { SignPage } from "./sign/page";
import { PrintPage } from "./sign/print";
import { zoneTexts } from "./texts";
import "./zones.css";
import "./draw.css";

/** The venue owners' workplace: plans, cameras, zones, signs, inspections, going live. */
export default function Desk() {
  return (
    <Routes>
      <Route path="sign/:id/print" element={<PrintPage />} />
      <Route path="*" element={<Framed />} />
    </Routes>
  );
}

function Framed() {
  const t = useTexts(zoneTexts);
  const plan = useVenue().data?.plans[0];
  return (
    <div className="desk zones">
      <SubNav
        label={t("nav.label")}
        items={[
          { to: "/zones", label: t("nav.overview"), end: true },
          { to: plan ? `/zones/plan/${plan.id}` : "/zones/plan/new", label: t("nav.plan") },
          { to: "/zones/cameras", label: t("nav.cameras") },
          { to: "/zones/scenes", label: t("nav.scenes") },
          { to: "/zones/inspect", label: t("nav.inspect") },
        ]}
      />
      <Routes>
        <Route index element={<Overview />} />
        <Route path="plan/new" element={<NewPlan />} />
        <Route path="plan/:id" element={<Keyed page={(id) => <PlanPage key={id} id={id} />} />} />
        <Route path="cameras" element={<CamerasPage />} />
        <Route path="cameras/:id" element={<Keyed page={(id) => <CameraPage key={id} id={id} />} />} />
        <Route path="draw/:id" element={<Keyed page={(id) => <DrawPage key={id} camera={id} />} />} />
        <Route path="zone/:id" element={<Keyed page={(id) => <ZonePage key={id} id={id} />} />} />
        <Route path="sign/:id" element={<Keyed page={(id) => <SignPage key={id} id={id} />} />} />
        <Route path="scenes" element={<ScenesPage />} />
        <Route path="scenes/:id" element={<Keyed page={(id) => <ScenePage key={id} id={id} />} />} />
        <Route path="inspect" element={<InspectList />} />
        <Route path="inspect/:id" element={<Keyed page={(id) => <WalkPage key={id} id={id} />} />} />
        <Route path="*" element={<Navigate to="/zones" replace />} />
      </Routes>
    </div>
  );
}

/** A page that begins anew for another thing. */
function Keyed({ page }: { page: (id: string) => React.ReactNode }) {
  return page(useParams().id ?? "");
}
