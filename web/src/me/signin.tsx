import { useEffect, useRef, useState } from "react";
import { say, useAct } from "../enrol/act";
import { Refused } from "../enrol/refused";
import { codeIn, grouped } from "../enrol/types";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { asRequestError } from "../kit/failure";
import { TextField } from "../kit/fields";
import { PageHead, Panel } from "../kit/page";
import { useSession } from "../session/session";
import { Loading } from "../ui/parts";
import { me } from "./texts";

/**
 * Takes the code from the link of a receipt out of the address at once, so that
 * it stays in no history, and returns it.
 */
function codeFromAddress(): string | undefined {
  if (!location.hash.startsWith("#code=")) return undefined;
  const code = codeIn(location.hash);
  history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

/** How somebody gets to their own page. */
export function SignIn() {
  const t = useTexts(me);
  const { session, reload } = useSession();
  const act = useAct();
  const { run } = act;
  const [carried] = useState(codeFromAddress);
  const [text, setText] = useState("");
  const tried = useRef(false);
  const enter = (code: string) =>
    run(async () => {
      await say("/v1/me/session", { code });
      await reload();
    });
  // A scanned receipt opens by itself, unless that would end somebody's session.
  const held = session.via === "session";
  useEffect(() => {
    if (!carried || tried.current) return;
    tried.current = true;
    if (held) setText(grouped(carried));
    else
      void run(async () => {
        await say("/v1/me/session", { code: carried });
        await reload();
      });
  }, [carried, held, run, reload]);
  const code = codeIn(text);
  const wrong = asRequestError(act.error).status === 404 && act.error;
  return (
    <div className="desk narrow me">
      <PageHead title={t("in.title")} lead={t("in.text")} />
      {act.busy ? (
        <>
          <p role="status">{t("in.opening")}</p>
          <Loading rows={4} />
        </>
      ) : (
        <form
          className="form me-in"
          onSubmit={(ev) => {
            ev.preventDefault();
            if (code) void enter(code);
          }}
        >
          {held ? <p>{t("in.other", { name: session.name || session.id })}</p> : null}
          <TextField
            label={t("in.label")}
            hint={t("in.hint")}
            value={text}
            onChange={(v) => {
              const whole = codeIn(v);
              setText(whole ? grouped(whole) : v);
              act.clear();
            }}
            error={wrong ? t("in.wrong") : undefined}
            mono
          />
          {wrong ? null : <Refused error={act.error} onRetry={act.again} />}
          <div className="actions">
            <Button submit tone="primary" disabled={!code}>
              {t("in.go")}
            </Button>
          </div>
        </form>
      )}
      <Panel title={t("in.none")} note={t("in.noneText")}>
        <div className="actions">
          <LinkButton to="/me/request">{t("in.ask")}</LinkButton>
          <LinkButton to="/privacy" document>
            {t("privacy")}
          </LinkButton>
        </div>
        <p>{t("in.desk")}</p>
      </Panel>
    </div>
  );
}
