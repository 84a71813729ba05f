import { useLocation } from "react-router";
import { type Reason, RequestError } from "../api/client";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { Button, LinkButton } from "./button";
import { kit } from "./texts";

/** Why something failed, what is not met, the way out, and the request's name. */
export function Failure(props: {
  error: unknown;
  onRetry?: () => void;
  /** Says a reason in the reader's language; undefined shows the server's own words. */
  explain?: (reason: Reason) => string | undefined;
}) {
  const t = useTexts(kit);
  const { pathname, search } = useLocation();
  const error = asRequestError(props.error);
  const known = [0, 401, 403, 404, 409, 412, 413, 422, 429, 503] as const;
  const status = known.find((s) => s === error.status);
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{t("error.title")}</strong>{" "}
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
      {error.status === 401 ? (
        <LinkButton small to={`/signin?then=${encodeURIComponent(pathname + search)}`} document>
          {t("error.sign")}
        </LinkButton>
      ) : props.onRetry ? (
        <Button small onPress={props.onRetry}>
          {t("error.retry")}
        </Button>
      ) : null}
    </div>
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
