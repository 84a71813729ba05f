import { useLocation } from "react-router";
import { type Reason, RequestError } from "../api/client";
import { useTexts } from "../i18n/texts";
import { holds, useSession } from "../session/session";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { Button, LinkButton } from "./button";
import { kit } from "./texts";

/** Why something failed, what is not met, the way out, and the request's name. */
export function Failure(props: {
  error: unknown;
  onRetry?: () => void;
  /** What is shown already is older: reading it anew failed. */
  old?: boolean;
  /** Says a reason in the reader's language; undefined shows the server's own words. */
  explain?: (reason: Reason) => string | undefined;
}) {
  const t = useTexts(kit);
  const error = asRequestError(props.error);
  const known = [0, 401, 403, 404, 409, 412, 413, 422, 429, 503] as const;
  const status = known.find((s) => s === error.status);
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{t(props.old ? "error.old" : "error.title")}</strong>{" "}
        {status === undefined ? t("error.other", { status: String(error.status) }) : t(`error.${status}`)}
        {error.reasons.length === 0 && error.message && error.status >= 400 ? <p>{error.message}</p> : null}
        {error.reasons.length > 0 ? (
          <ul className="reasons">
            {error.reasons.map((r) => (
              <li key={`${r.code} ${r.object} ${r.text}`}>
                {props.explain?.(r) ?? r.text}
                {r.object ? <code>{r.object}</code> : null}
              </li>
            ))}
          </ul>
        ) : null}
        {error.requestID ? <span className="id">{t("error.request", { id: error.requestID })}</span> : null}
      </div>
      <WayOut error={error} {...(props.onRetry ? { onRetry: props.onRetry } : {})} />
    </div>
  );
}

/** What can be done: sign in again after the session's end, else try again. */
function WayOut({ error, onRetry }: { error: RequestError; onRetry?: () => void }) {
  const t = useTexts(kit);
  const { pathname, search } = useLocation();
  if (error.status === 401)
    return (
      <LinkButton small to={`/signin?then=${encodeURIComponent(pathname + search)}`} document>
        {t("error.sign")}
      </LinkButton>
    );
  return onRetry ? (
    <Button small onPress={onRetry}>
      {t("error.retry")}
    </Button>
  ) : null;
}

/** In the place of what could not be read: what happened, what it means, what to do now. */
export function Unread(props: { error: unknown; onRetry: () => void; page?: boolean }) {
  const t = useTexts(kit);
  const { pathname } = useLocation();
  const { session } = useSession();
  const error = asRequestError(props.error);
  const known = [0, 401, 403, 404, 429, 503] as const;
  const kind = known.find((s) => s === error.status) ?? "other";
  const title = t(`unread.${kind}.title`);
  const start = `/${pathname.split("/")[1]}`;
  // An administrator looks the cause up; everybody else tells one.
  const cause = error.status >= 500 && holds(session, ["administrator"]) && pathname !== "/admin/health";
  return (
    <div className="empty unread" role="alert">
      <Icon name={kind === 404 ? "help" : "warn"} size={28} />
      {props.page ? <h1>{title}</h1> : <p className="empty-title">{title}</p>}
      <div className="empty-text">
        <p>{t(`unread.${kind}`, { status: String(error.status) })}</p>
        {kind === "other" && error.message ? <p lang="en">{error.message}</p> : null}
      </div>
      <div className="actions">
        {kind === 404 || kind === 403 ? null : <WayOut error={error} onRetry={props.onRetry} />}
        {props.page && pathname !== start && (kind === 404 || kind === 403) ? (
          <LinkButton small to={start}>
            {t("unread.start")}
          </LinkButton>
        ) : null}
        {cause ? (
          <LinkButton small tone="quiet" to="/admin/health">
            {t("unread.health")}
          </LinkButton>
        ) : null}
      </div>
      {error.requestID ? <p className="id">{t("error.request", { id: error.requestID })}</p> : null}
    </div>
  );
}

/** In the place of one thing that is not among those there are, with the way to them. */
export function Gone({ title, to }: { title: string; to: string }) {
  const t = useTexts(kit);
  return (
    <Empty icon="help" title={title} page>
      <p>{t("unread.404")}</p>
      <LinkButton small to={to}>
        {t("unread.start")}
      </LinkButton>
    </Empty>
  );
}

/** Any thrown value as a RequestError; what is none becomes one without an answer. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  return new RequestError(
    error instanceof TypeError ? 0 : -1,
    error instanceof Error ? error.message : "",
    "",
  );
}
