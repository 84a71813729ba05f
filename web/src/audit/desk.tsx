import "./audit.css";
import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { Gone } from "../kit/failure";
import { SubNav } from "../kit/page";
import { Loading } from "../ui/parts";
import { PurposeProvider } from "./purpose";
import { QuestionsPage } from "./questions";
import { auditTexts } from "./texts";

const QuestionPage = lazy(() => import("./question"));
const QueryPage = lazy(() => import("./query"));
const EventPage = lazy(() => import("./event"));
const NamesPage = lazy(() => import("./names"));
const LogPage = lazy(() => import("./log"));

/** The auditors' desk: questions, one event, the log's own proofs. */
export default function AuditDesk() {
  const t = useTexts(auditTexts);
  return (
    <PurposeProvider>
      <div className="desk audit">
        <SubNav
          label={t("nav")}
          items={[
            { to: "/audit", label: t("nav.questions"), end: true },
            { to: "/audit/query", label: t("nav.query") },
            { to: "/audit/log", label: t("nav.log") },
            { to: "/audit/names", label: t("nav.names") },
          ]}
        />
        <Suspense fallback={<Loading rows={6} page />}>
          <Routes>
            <Route index element={<QuestionsPage />} />
            <Route path="questions/:name" element={<QuestionPage />} />
            <Route path="query" element={<QueryPage />} />
            <Route path="events/:id" element={<EventPage />} />
            <Route path="names" element={<NamesPage />} />
            <Route path="log" element={<LogPage />} />
            <Route path="*" element={<Gone title={t("gone")} to="/audit" />} />
          </Routes>
        </Suspense>
      </div>
    </PurposeProvider>
  );
}
