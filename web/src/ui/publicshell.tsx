import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "react-router";
import { api } from "../api/client";
import { homeOf } from "../desks/desks";
import { deskTexts } from "../desks/texts";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { useSession } from "../session/session";
import type { Prefs } from "./prefs";
import { PrefTools } from "./shell";

/**
 * The frame of the pages for everybody, the same for whoever opens them: whose
 * house it is, the notice, one's own data, language and theme. Staff find the way
 * back to their work at the foot.
 */
export function PublicShell({ prefs, children }: { prefs: Prefs; children: ReactNode }) {
  const w = useWords();
  const t = useTexts(deskTexts);
  const { pathname } = useLocation();
  const { session } = useSession();
  const house = api.useQuery("get", "/v1/public/house", {}, { staleTime: 60_000 });
  // What a page without script was told in its address, and what it is to be told.
  useEffect(() => {
    if (/[?&](lang|theme)=/.test(location.search))
      history.replaceState(history.state, "", location.pathname + location.hash);
  }, []);
  const privacy = `/privacy?lang=${prefs.lang}${prefs.theme === "auto" ? "" : `&theme=${prefs.theme}`}`;
  const asking = pathname.startsWith("/me/request");
  const home = session.roles.includes("subject") ? undefined : homeOf(session.roles);
  return (
    <>
      <a className="skip" href="#main">
        {t("public.skip")}
      </a>
      <header className="top public">
        <div className="brand">
          <img src="/mark.svg" alt="" width="30" height="30" />
          <div>
            <p className="brand-name">{house.data?.controller || w.t("app.title")}</p>
            <p className="brand-line">{w.t("app.tagline")}</p>
          </div>
          {house.data?.sample ? <span className="badge warn">{w.t("site.sample")}</span> : null}
        </div>
        <nav aria-label={w.t("nav.main")}>
          <Link to="/me" aria-current={asking ? undefined : "page"}>
            {t("desk.me")}
          </Link>
          <Link to="/me/request" aria-current={asking ? "page" : undefined}>
            {t("public.ask")}
          </Link>
          <a href={privacy}>{t("public.privacy")}</a>
        </nav>
        <div className="tools">
          <PrefTools prefs={prefs} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {home ? (
        <footer className="public-foot">
          <p>
            {t("public.staff", { name: session.name || session.id })}{" "}
            <Link to={home} reloadDocument>
              {t("public.work")}
            </Link>
          </p>
        </footer>
      ) : null}
    </>
  );
}
