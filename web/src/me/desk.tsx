import { Route, Routes } from "react-router";
import { csrfHeader } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { PageHead, SubNav } from "../kit/page";
import { useSession } from "../session/session";
import { AskPage } from "./ask";
import { ConsentsPage } from "./consents";
import { KeptPage } from "./kept";
import { MessagesPage } from "./messages";
import { RequestsPage } from "./requests";
import { SignIn } from "./signin";
import { me } from "./texts";
import "../enrol/enrol.css";
import "./me.css";

/** People's own page. One part of it is open to everybody: asking without a receipt. */
export default function Desk() {
  return (
    <Routes>
      <Route path="request" element={<AskPage />} />
      <Route path="*" element={<Own />} />
    </Routes>
  );
}

function Own() {
  const t = useTexts(me);
  const { session } = useSession();
  if (!session.roles.includes("subject") || !session.enrollee) return <SignIn />;
  const id = session.enrollee;
  return (
    <div className="desk narrow me">
      <PageHead
        title={t("title")}
        lead={t("lead")}
        actions={
          <>
            <LinkButton small to="/privacy" document>
              {t("privacy")}
            </LinkButton>
            {session.via === "session" ? (
              <Button small onPress={() => void leave()}>
                {t("out")}
              </Button>
            ) : null}
          </>
        }
      />
      <SubNav
        label={t("nav")}
        items={[
          { to: "/me", label: t("nav.consents"), end: true },
          { to: "/me/kept", label: t("nav.kept") },
          { to: "/me/requests", label: t("nav.requests") },
          { to: "/me/messages", label: t("nav.messages") },
        ]}
      />
      <Routes>
        <Route index element={<ConsentsPage id={id} />} />
        <Route path="kept" element={<KeptPage />} />
        <Route path="requests" element={<RequestsPage />} />
        <Route path="messages" element={<MessagesPage id={id} />} />
        <Route path="*" element={<ConsentsPage id={id} />} />
      </Routes>
    </div>
  );
}

/** Ends the session, and with the page everything that it had read. */
async function leave(): Promise<void> {
  await fetch("/v1/session", { method: "DELETE", headers: csrfHeader() }).catch(() => undefined);
  location.assign("/me");
}
