import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router";
import { type Desk, desks } from "../desks/desks";
import { deskTexts } from "../desks/texts";
import { Who } from "../desks/who";
import { type Key, useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { HaltNote } from "../live/haltnote";
import type { House } from "../live/house";
import { holds, useSession } from "../session/session";
import { Help } from "./help";
import { Icon } from "./icons";
import { useHouse } from "./parts";
import type { Prefs } from "./prefs";

/** The frame of every page: brand, workplaces, tools, who is signed in, notices. */
export function Shell(props: {
  house: House;
  watches: boolean; // the stream of events is followed
  prefs: Prefs;
  desk: Desk | undefined;
  children: ReactNode;
}) {
  const { house, prefs, desk, children } = props;
  const w = useWords();
  const state = useHouse(house);
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.key === "?" && !isTyping(e.target)) help.current?.showModal();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const site = state.status?.site;
  return (
    <>
      <a className="skip" href="#main">
        {w.t("nav.skip")}
      </a>
      <header className="top">
        <div className="brand">
          <img src="/mark.svg" alt="" width="30" height="30" />
          <div>
            <p className="brand-name">{site?.name || w.t("app.title")}</p>
            <p className="brand-line">{w.t("app.tagline")}</p>
          </div>
          {site?.sample ? <span className="badge warn">{w.t("site.sample")}</span> : null}
        </div>
        <Desks here={desk} />
        <div className="tools">
          {props.watches ? (
            <span className={`link ${state.link}`} role="status">
              <span className="dot" />
              <span className="link-text">{w.t(`conn.${state.link}` satisfies Key)}</span>
            </span>
          ) : null}
          <PrefTools prefs={prefs} />
          <button
            type="button"
            className="tool"
            onClick={() => help.current?.showModal()}
            aria-label={w.t("tool.help")}
            title={w.t("tool.help")}
          >
            <Icon name="help" />
          </button>
          <Who />
        </div>
      </header>
      <HaltNote house={house} />
      {props.watches ? <Notices house={house} /> : null}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Help dialog={help} />
    </>
  );
}

/** The workplaces that this account may enter. */
function Desks({ here }: { here: Desk | undefined }) {
  const w = useWords();
  const t = useTexts(deskTexts);
  const { session } = useSession();
  const mine = desks.filter((d) => !d.hidden && holds(session, d.roles));
  if (mine.length === 0) return null;
  return (
    <nav aria-label={w.t("nav.main")}>
      {mine.map((d) => (
        <Link
          key={d.name}
          to={d.path}
          // A document's permissions do not change while it is open: leaving or
          // entering one that may ask for a camera loads anew.
          reloadDocument={Boolean(d.document) !== Boolean(here?.document) || Boolean(d.document)}
          aria-current={here === d ? "page" : undefined}
        >
          {t(`desk.${d.name}`)}
        </Link>
      ))}
    </nav>
  );
}

/** Theme and language; also on pages without the frame. */
export function PrefTools({ prefs }: { prefs: Prefs }) {
  const w = useWords();
  return (
    <>
      <button
        type="button"
        className="tool"
        onClick={prefs.nextTheme}
        aria-label={w.t("tool.theme", { theme: w.t(`tool.theme.${prefs.theme}`) })}
        title={w.t("tool.theme", { theme: w.t(`tool.theme.${prefs.theme}`) })}
      >
        <Icon name="theme" />
      </button>
      <button
        type="button"
        className="tool text"
        onClick={prefs.nextLang}
        lang={prefs.lang === "en" ? "zh-CN" : "en"}
        aria-label={w.t("tool.langLabel")}
      >
        {w.t("tool.lang")}
      </button>
    </>
  );
}

/** What everybody should know now, above everything else. */
function Notices({ house }: { house: House }) {
  const w = useWords();
  const { status, link, cameras } = useHouse(house);
  const notices = status?.notices ?? [];
  const lost = link === "lost" && cameras !== undefined;
  // A notice that names the cause says it better than the gate's own reasons.
  const explained =
    notices.some((n) => n.code === "NO_MODEL" || n.code === "NO_SITE") ||
    status?.gate.reasons.some((r) => r.code === "HALTED"); // which has a note of its own
  const shut = status && !status.gate.open && !explained ? status.gate.reasons : [];
  return (
    <div className="notices" aria-live="polite">
      {lost ? (
        <div className="note bad">
          <Icon name="warn" />
          <div>{w.t("conn.lostText")}</div>
        </div>
      ) : null}
      {shut.length > 0 ? (
        <div className="note warn">
          <Icon name="mask" />
          <div>
            {w.t("notice.gate", {
              why: new Intl.ListFormat(w.lang).format(shut.map((r) => w.code("off", r.code))),
            })}
          </div>
        </div>
      ) : null}
      {notices.map((n) => (
        <div
          key={n.code}
          className={`note ${n.level === "error" ? "bad" : n.level === "warning" ? "warn" : "info"}`}
        >
          <Icon name={n.level === "info" ? "info" : "warn"} />
          <div>
            {w.code("notice", n.code)}
            {w.says(n.code) ? null : (
              <small className="note-detail" lang="en">
                {n.text}
              </small>
            )}
          </div>
        </div>
      ))}
    </div>
  );
}

/** Whether a key belongs to a field rather than to the page. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches("input, select, textarea") || target.isContentEditable)
  );
}
