import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { Loading } from "../ui/parts";
import { Start } from "./start";
import { adminTexts } from "./texts";
import "./admin.css";

const Site = lazy(() => import("./site"));

/** Administration: the installation, its accounts and its cameras. */
export default function Desk() {
  const t = useTexts(adminTexts);
  return (
    <div className="desk admin">
      <SubNav
        label={t("pages")}
        items={[
          { to: "/admin", label: t("page.start"), end: true },
          { to: "/admin/site", label: t("page.site") },
        ]}
      />
      <Suspense fallback={<Loading rows={5} />}>
        <Routes>
          <Route index element={<Start />} />
          <Route path="site" element={<Site />} />
          <Route path="*" element={<Navigate to="/admin" replace />} />
        </Routes>
      </Suspense>
    </div>
  );
}
