import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { Loading } from "../ui/parts";
import { Start } from "./start";
import { officeTexts } from "./texts";
import "./office.css";

const pages = [
  ["rights", lazy(() => import("./rights/pages"))],
  ["assessments", lazy(() => import("./assess/pages"))],
  ["scenes", lazy(() => import("../duties/scenes"))],
  ["notices", lazy(() => import("./notice/pages"))],
  ["filings", lazy(() => import("./filing/pages"))],
  ["incidents", lazy(() => import("./incident/pages"))],
  ["retention", lazy(() => import("../duties/retention"))],
  ["components", lazy(() => import("./component/pages"))],
  ["exit", lazy(() => import("../duties/exit"))],
  ["halt", lazy(() => import("../duties/halt"))],
] as const;

/** The privacy office: what processing rests on, and what people ask of it. */
export default function Desk() {
  const t = useTexts(officeTexts);
  return (
    <div className="desk office">
      <SubNav
        label={t("pages")}
        items={[
          { to: "/office", label: t("page.today"), end: true },
          ...pages.map(([name]) => ({ to: `/office/${name}`, label: t(`page.${name}`) })),
        ]}
      />
      <Suspense fallback={<Loading rows={5} page />}>
        <Routes>
          <Route index element={<Start />} />
          {pages.map(([name, Page]) => (
            <Route key={name} path={`${name}/*`} element={<Page />} />
          ))}
          <Route path="*" element={<Navigate to="/office" replace />} />
        </Routes>
      </Suspense>
    </div>
  );
}
