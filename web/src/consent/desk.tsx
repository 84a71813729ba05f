import { Route, Routes } from "react-router";
import { useTexts } from "../i18n/texts";
import { PageHead, SubNav } from "../kit/page";
import { Enrolment } from "./enrolment";
import { Home } from "./home";
import { ImportPage } from "./import";
import { DuePage, MessagesPage } from "./lists";
import { PersonPage } from "./person";
import { desk } from "./texts";
import "../enrol/enrol.css";
import "./consent.css";

/** The consent officer's workplace. */
export default function Desk() {
  const t = useTexts(desk);
  return (
    <div className="desk consent">
      <SubNav
        label={t("nav")}
        items={[
          { to: "/consent", label: t("nav.home"), end: true },
          { to: "/consent/due", label: t("nav.due") },
          { to: "/consent/messages", label: t("nav.messages") },
          { to: "/consent/import", label: t("nav.import") },
        ]}
      />
      <PageHead title={t("title")} lead={t("lead")} />
      <Routes>
        <Route index element={<Home />} />
        <Route path="enrolments/:id" element={<Enrolment />} />
        <Route path="people/:id" element={<PersonPage />} />
        <Route path="due" element={<DuePage />} />
        <Route path="messages" element={<MessagesPage />} />
        <Route path="import" element={<ImportPage />} />
      </Routes>
    </div>
  );
}
