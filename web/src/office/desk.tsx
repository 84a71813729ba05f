import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { Loading } from "../ui/parts";
import { Start } from "./start";
import { officeTexts } from "./texts";
import "./office.css";

const Assessments = lazy(() => import("./assess/pages"));
const Rights = lazy(() => import("./rights/pages"));
const Notices = lazy(() => import("./notice/pages"));

/** The privacy office: what processing rests on, and what people ask of it. */
export default function Desk() {
  const t = useTexts(officeTexts);
  return (
    <div className="desk office">
      <SubNav
        label={t("pages")}
        items={[
          { to: "/office", label: t("page.today"), end: true },
          { to: "/office/rights", label: t("page.rights") },
          { to: "/office/assessments", label: t("page.assessments") },
          { to: "/office/notices", label: t("page.notices") },
        ]}
      />
      <Suspense fallback={<Loading rows={5} />}>
        <Routes>
          <Route index element={<Start />} />
          <Route path="rights/*" element={<Rights />} />
          <Route path="assessments/*" element={<Assessments />} />
          <Route path="notices/*" element={<Notices />} />
          <Route path="*" element={<Navigate to="/office" replace />} />
        </Routes>
      </Suspense>
    </div>
  );
}
