import { Link } from "react-router";
import { type Reason, RequestError } from "../api/client";
import { openAt } from "../desks/desks";
import { useTexts } from "../i18n/texts";
import { asRequestError, Failure } from "../kit/failure";
import { type Role, useSession } from "../session/session";
import { reasonTexts } from "./reasontexts";

/** Where each condition is mended. */
const mended: Readonly<Record<string, string>> = {
  SITE_MISSING: "/admin/site",
  LOG_RETENTION: "/admin/config",
  SELF_CHECK: "/admin/health",
  PIA_MISSING: "/office/assessments",
  PIA_REJECTED: "/office/assessments",
  CONSULTATION_MISSING: "/office/assessments",
  LEGAL_REVIEW_MISSING: "/office/scenes",
  NOTICE_MISSING: "/office/notices",
  FILING_MISSING: "/office/filings",
  FILING_OVERDUE: "/office/filings",
  MODE_FORBIDDEN: "/office/scenes",
  PURPOSE_FORBIDDEN: "/office/scenes",
  SEPARATE_CONSENT_MISSING: "/office/scenes",
  GUARDIAN_CHANNEL_MISSING: "/office/scenes",
  RETENTION_POLICY_MISSING: "/office/scenes",
  HALTED: "/office/halt",
  EXIT_PLAN_OPEN: "/office/exit",
  EXIT_PLAN_MISSING: "/office/exit",
  CONTRACT_MISSING: "/office/components",
};
const atZones = [
  "SIGN_MISSING",
  "SIGN_PAIR",
  "SIGN_INCOMPLETE",
  "SIGN_EXPIRED",
  "ENTRANCE_MISSING",
  "ENTRANCE_POSITION",
  "INSPECTION_MISSING",
  "INSPECTION_EXPIRED",
  "INSPECTION_PHOTO",
  "INSPECTOR_IS_PLANNER",
  "ALTERNATIVE_MISSING",
  "CHECKLIST_MISSING",
  "CHECKLIST_PHOTO",
  "INSTALLER_ACK_MISSING",
  "POSE_NOT_CALIBRATED",
  "POSE_UNSURE",
  "CAMERA_MOVED",
  "PROHIBITED_PLACE",
];

/**
 * The place where a condition is mended, and the address at which somebody with
 * these roles finds it; undefined when there is none that they may open.
 */
export function mendedAt(code: string, roles: readonly Role[]): { place: string; at: string } | undefined {
  const place = mended[code] ?? (atZones.includes(code) || code.startsWith("ZONE_") ? "/zones" : undefined);
  const at = place && openAt(place, roles);
  return at ? { place, at } : undefined;
}

/** Every code that has a place where it is mended. */
export const mendable: readonly string[] = [...Object.keys(mended), ...atZones];

/** Says a reason in the reader's language; undefined for a code that is new. */
export function useExplain(): (r: Reason) => string | undefined {
  const t = useTexts(reasonTexts);
  return (r) => {
    const said = t.code("r", r.code);
    return said === r.code ? undefined : said;
  };
}

/** Conditions that are not met, each with the way to where it is mended. */
export function Reasons({
  list,
  links = true,
}: {
  list: readonly { code: string; object?: string; text: string }[];
  links?: boolean;
}) {
  const t = useTexts(reasonTexts);
  const explain = useExplain();
  const { session } = useSession();
  return (
    <ul className="reasons">
      {list.map((r) => {
        const at = mendedAt(r.code, session.roles)?.at;
        const reason = { code: r.code, object: r.object ?? "", text: r.text };
        return (
          <li key={`${r.code} ${reason.object} ${r.text}`}>
            {explain(reason) ?? r.text}
            {reason.object ? <About object={reason.object} /> : null}
            {at && links ? (
              <>
                {" "}
                <Link to={at}>{t("mend")}</Link>
              </>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}

/** What a reason is about: a filing by its name, everything else by its id. */
function About({ object }: { object: string }) {
  const t = useTexts(reasonTexts);
  const name = t.code("object", object);
  return name === object ? <code>{object}</code> : <span className="about">{name}</span>;
}

/** A refusal with each reason in words, and links to where each is mended. */
export function Refusal({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useTexts(reasonTexts);
  const explain = useExplain();
  const { session } = useSession();
  const e = asRequestError(error);
  const own = e.code ? t.code("r", e.code) : "";
  if (e.status === 403 && own !== e.code)
    return (
      <div className="note warn" role="alert">
        <div>{own}</div>
      </div>
    );
  const ways = new Map(
    e.reasons.flatMap((r) => {
      const way = mendedAt(r.code, session.roles);
      return way ? [[way.place, way.at] as const] : [];
    }),
  );
  return (
    <>
      <Failure error={worded(e, own)} explain={explain} {...(onRetry ? { onRetry } : {})} />
      {ways.size > 0 ? (
        <p className="actions">
          {[...ways].map(([place, at]) => (
            <Link key={place} to={at} className="kit-button small">
              {t("mend")} · {t.code("place", place)}
            </Link>
          ))}
        </p>
      ) : null}
    </>
  );
}

/** The same refusal, its own sentence in the reader's language where it has one. */
function worded(e: RequestError, own: string): RequestError {
  if (e.reasons.length > 0 || own === e.code || own === "") return e;
  return new RequestError(e.status, own, e.requestID, e.code, e.reasons);
}
