import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { SubNav } from "../kit/page";
import { Loading } from "../ui/parts";
import { Start } from "./start";
import { adminTexts } from "./texts";
import "./admin.css";

const pages = [
  ["cameras", lazy(() => import("./cameras"))],
  ["users", lazy(() => import("./users"))],
  ["site", lazy(() => import("./site"))],
  ["scenes", lazy(() => import("../duties/scenes"))],
  ["health", lazy(() => import("./health"))],
  ["config", lazy(() => import("./config"))],
  ["retention", lazy(() => import("../duties/retention"))],
  ["log", lazy(() => import("./log"))],
  ["exit", lazy(() => import("../duties/exit"))],
  ["halt", lazy(() => import("../duties/halt"))],
] as const;

/** Administration: the installation, its accounts and its cameras. */
export default function Desk() {
  const t = useTexts(adminTexts);
  return (
    <div className="desk admin">
      <SubNav
        label={t("pages")}
        items={[
          { to: "/admin", label: t("page.start"), end: true },
          ...pages.map(([name]) => ({ to: `/admin/${name}`, label: t(`page.${name}`) })),
        ]}
      />
      <Suspense fallback={<Loading rows={5} page />}>
        <Routes>
          <Route index element={<Start />} />
          {pages.map(([name, Page]) => (
            <Route key={name} path={`${name}/*`} element={<Page />} />
          ))}
          <Route path="*" element={<Navigate to="/admin" replace />} />
        </Routes>
      </Suspense>
    </div>
  );
}
