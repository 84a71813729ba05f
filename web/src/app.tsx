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
import { Failure } from "./kit/failure";
import { Toasts } from "./kit/toast";
import { House } from "./live/house";
import { HouseContext } from "./live/housecontext";
import { holds, SessionProvider, useSession } from "./session/session";
import { StepUp } from "./session/stepup";
import { Empty, Loading } from "./ui/parts";
import { type Prefs, PrefsContext, usePrefs } from "./ui/prefs";
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
  const watches = loaded && holds(session, ["operator"]) && !desk?.bare;
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
    <Suspense fallback={<Loading rows={6} />}>
      {error ? <Failure error={error} onRetry={() => void reload()} /> : null}
      {loaded && !error && !away ? (
        <Routes>
          {desks.map((d) => (
            <Route key={d.path} path={d.path === "/" ? "/" : `${d.path}/*`} element={<Entered desk={d} />} />
          ))}
          <Route path="/live/*" element={<Entered desk={desks[0] as Desk} />} />
          <Route path="*" element={<Gone />} />
        </Routes>
      ) : error ? null : (
        <Loading rows={6} />
      )}
    </Suspense>
  );
  return (
    <HouseContext value={house}>
      {desk?.bare ? (
        <main id="main" className="bare">
          {page}
        </main>
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

/** A desk's page, or why this account may not see it. */
function Entered({ desk }: { desk: Desk }) {
  const { session } = useSession();
  const t = useTexts(deskTexts);
  if (desk.roles.length > 0 && !holds(session, desk.roles))
    return (
      <Empty icon="gate" title={t("role.title")}>
        {t("role.text")}
      </Empty>
    );
  return <desk.Page />;
}

function Gone() {
  const t = useTexts(deskTexts);
  return (
    <Empty icon="help" title={t("gone.title")}>
      <p>{t("gone.text")}</p>
      <LinkButton to="/">{t("gone.home")}</LinkButton>
    </Empty>
  );
}
