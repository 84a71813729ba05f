import { Link } from "react-router";
import type { Reason } from "../api/client";
import { openAt } from "../desks/desks";
import { useTexts } from "../i18n/texts";
import { asRequestError, Failure } from "../kit/failure";
import { useSession } from "../session/session";
import { Icon } from "../ui/icons";
import type { Venue } from "./data";
import { type Told, tell, tellAll } from "./reasons";
import { reasonTexts } from "./texts/reasons";

/** As the server says it: what a reason is about can be left out. */
type Said = Pick<Reason, "code" | "text"> & { object?: string };
const whole = (list: readonly Said[]): Reason[] => list.map((r) => ({ ...r, object: r.object ?? "" }));

type Of = { zone?: string; camera?: string; scene?: string };

/** What is missing, each in words, with whose work it is and a link to where it is done. */
export function Missing(props: {
  reasons: readonly Said[];
  of: Of;
  venue?: Venue | undefined;
  most?: number;
}) {
  const t = useTexts(reasonTexts);
  const all = tellAll(t, whole(props.reasons), props.of, props.venue);
  return (
    <ul className="missing">
      {all.slice(0, props.most ?? all.length).map((m) => (
        <MissingOne key={m.text} told={m} />
      ))}
    </ul>
  );
}

/** How many things are missing, told as Missing tells them. */
export function useCount(reasons: readonly Said[], of: Of, venue?: Venue): number {
  return tellAll(useTexts(reasonTexts), whole(reasons), of, venue).length;
}

function MissingOne({ told }: { told: Told }) {
  const t = useTexts(reasonTexts);
  const { session } = useSession();
  // A link that leads to somebody else's workplace would lead nowhere.
  const at = told.to && openAt(told.to, session.roles);
  return (
    <li>
      <Icon name="warn" size={14} />
      <div>
        {told.text} {told.who ? <span className="whose">{t(`who.${told.who}`)}</span> : null}
        {at && told.label ? <Link to={at}>{told.label}</Link> : null}
      </div>
    </li>
  );
}

/** A refusal with its reasons in words. A 409's and 403's own codes are said as this desk says them. */
export function Refusal(props: { error: unknown; of?: Of; venue?: Venue | undefined }) {
  const t = useTexts(reasonTexts);
  const error = asRequestError(props.error);
  const bare = error.reasons.length === 0 && Object.hasOwn(reasonTexts.en, `r.${error.code}`);
  if (bare || error.reasons.some((r) => Object.hasOwn(reasonTexts.en, `r.${r.code}`))) {
    const list = bare ? [{ code: error.code, object: "", text: error.message }] : error.reasons;
    return (
      <div className="note bad" role="alert">
        <div>
          <Missing reasons={list} of={props.of ?? {}} venue={props.venue} />
          {error.requestID ? <span className="id">{error.requestID}</span> : null}
        </div>
      </div>
    );
  }
  return <Failure error={error} explain={(r) => tell(t, r, props.of ?? {}, props.venue).text} />;
}
