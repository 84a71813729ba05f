import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo, useState } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { BrowserRouter, Route, Routes, useLocation, useNavigate } from "react-router";
import { RequestError } from "./api/client";
import { type Desk, deskOf, desks, homeOf } from "./desks/desks";
import { deskTexts } from "./desks/texts";
import { Words, WordsContext } from "./i18n/i18n";
import { useTexts } from "./i18n/texts";
import { LinkButton } from "./kit/button";
import { Unread } from "./kit/failure";
import { Toasts } from "./kit/toast";
import { House } from "./live/house";
import { HouseContext } from "./live/housecontext";
import { holds, SessionProvider, useSession } from "./session/session";
import { StepUp } from "./session/stepup";
import { Empty, Loading } from "./ui/parts";
import { type Prefs, PrefsContext, usePrefs } from "./ui/prefs";
import { PublicShell } from "./ui/publicshell";
import { Shell } from "./ui/shell";

/** Everything around the pages: language, session, questions to the server, addresses. */
export function App() {
  const prefs = usePrefs();
  const words = useMemo(() => new Words(prefs.lang), [prefs.lang]);
  const [queries] = useState(newQueries);
  return (
    <WordsContext value={words}>
      {/* What the component library says of its own accord, in the same language. */}
      <I18nProvider locale={prefs.lang}>
        <QueryClientProvider client={queries}>
          <BrowserRouter>
            <SessionProvider>
              <Toasts>
                <PrefsContext value={prefs}>
                  <Pages prefs={prefs} />
                  <StepUp />
                </PrefsContext>
              </Toasts>
            </SessionProvider>
          </BrowserRouter>
        </QueryClientProvider>
      </I18nProvider>
    </WordsContext>
  );
}

/** A refusal is an answer: only what may pass by itself is tried again. */
function newQueries(): QueryClient {
  const passing = (err: unknown) => err instanceof RequestError && (err.status === 0 || err.status >= 500);
  return new QueryClient({
    defaultOptions: {
      queries: { retry: (n, err) => n < 2 && passing(err), refetchOnWindowFocus: false, staleTime: 5_000 },
      mutations: { retry: false },
    },
  });
}

function Pages({ prefs }: { prefs: Prefs }) {
  const { session, loaded, error, reload } = useSession();
  const { pathname, search } = useLocation();
  const t = useTexts(deskTexts);
  const go = useNavigate();
  const [house] = useState(() => new House());
  const desk = deskOf(pathname);
  const watches = loaded && holds(session, ["operator"]) && !desk?.bare && !desk?.everybody;
  useEffect(() => {
    if (!watches) return;
    house.start();
    return () => house.stop();
  }, [house, watches]);
  useEffect(() => {
    document.title = `${t(desk ? `desk.${desk.name}` : "gone.title")} · Bystander`;
  }, [t, desk]);
  // Who has no business at the start page goes to their own; who is unknown signs in.
  const away = loaded && !error ? elsewhere(desk, session, pathname + search) : undefined;
  useEffect(() => {
    if (away) void go(away, { replace: true });
  }, [away, go]);
  const page = (
    <Suspense fallback={<Waiting />}>
      {error ? (
        <div className="desk">
          <Unread error={error} onRetry={() => void reload()} page />
        </div>
      ) : null}
      {loaded && !error && !away ? (
        <Routes>
          {desks.map((d) => (
            <Route key={d.path} path={d.path === "/" ? "/" : `${d.path}/*`} element={<Entered desk={d} />} />
          ))}
          <Route path="/live/*" element={<Entered desk={desks[0] as Desk} />} />
          <Route path="*" element={<Gone />} />
        </Routes>
      ) : error ? null : (
        <Waiting />
      )}
    </Suspense>
  );
  return (
    <HouseContext value={house}>
      {desk?.bare ? (
        <main id="main" className="bare">
          {page}
        </main>
      ) : desk?.everybody ? (
        <PublicShell prefs={prefs}>{page}</PublicShell>
      ) : (
        <Shell house={house} watches={watches} prefs={prefs} desk={desk}>
          {page}
        </Shell>
      )}
    </HouseContext>
  );
}

/** Where somebody should be instead of at this desk; undefined when they are right here. */
function elsewhere(
  desk: Desk | undefined,
  session: ReturnType<typeof useSession>["session"],
  here: string,
): string | undefined {
  if (!desk || desk.roles.length === 0 || holds(session, desk.roles)) return undefined;
  if (!session.known) return `/signin?then=${encodeURIComponent(here)}`;
  if (desk.path !== "/") return undefined;
  return homeOf(session.roles) ?? "/account";
}

/** Grey bars where a page will stand. */
function Waiting() {
  return (
    <div className="desk">
      <Loading rows={6} page />
    </div>
  );
}

/** A desk's page, or why this account may not see it. */
function Entered({ desk }: { desk: Desk }) {
  const { session } = useSession();
  if (desk.roles.length > 0 && !holds(session, desk.roles)) return <NotYours desk={desk} />;
  return <desk.Page />;
}

/** Whose workplace it is, who asks, and where that account's own work lies. */
function NotYours({ desk }: { desk: Desk }) {
  const { session } = useSession();
  const t = useTexts(deskTexts);
  const list = new Intl.ListFormat(t.lang, { type: "disjunction" });
  const mine = session.roles.map((r) => t(`role.${r}`));
  return (
    <div className="desk">
      <Empty icon="gate" title={t("role.title")} page>
        <p>
          {t("role.needs", {
            desk: t(`desk.${desk.name}`),
            roles: list.format(desk.roles.map((r) => t(`role.${r}`))),
          })}
        </p>
        <p>
          {mine.length > 0
            ? t("role.have", {
                name: session.name || session.id,
                roles: new Intl.ListFormat(t.lang).format(mine),
              })
            : t("role.none")}
        </p>
        <p>{t("role.text")}</p>
        <LinkButton small to={homeOf(session.roles) ?? "/account"}>
          {t("role.home")}
        </LinkButton>
      </Empty>
    </div>
  );
}

function Gone() {
  const t = useTexts(deskTexts);
  return (
    <div className="desk">
      <Empty icon="help" title={t("gone.title")} page>
        <p>{t("gone.text")}</p>
        <LinkButton small to="/">
          {t("gone.home")}
        </LinkButton>
      </Empty>
    </div>
  );
}
