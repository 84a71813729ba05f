import { useTexts } from "../i18n/texts";
import { asRequestError, Failure } from "../kit/failure";
import { enrol } from "./texts";

/** A reason of the server in the reader's words, where there are any. */
export function inWords(
  t: { code: (prefix: string, code: string | undefined) => string },
  r: { code: string },
): string | undefined {
  const text = t.code("no", r.code);
  return text === r.code ? undefined : text;
}

/** Why something was refused. What may pass by itself says that nothing is lost. */
export function Refused({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useTexts(enrol);
  if (!error) return null;
  const err = asRequestError(error);
  const passing = err.status === 0 || err.status >= 500;
  const said = err.reasons.length === 0 && err.code ? inWords(t, err) : undefined;
  return (
    <div className="refused">
      {passing ? <p className="refused-kept">{t("notSent")}</p> : null}
      {said ? <p role="alert">{said}</p> : null}
      {said && !passing ? null : (
        <Failure error={error} explain={(r) => inWords(t, r)} {...(onRetry && passing ? { onRetry } : {})} />
      )}
    </div>
  );
}
