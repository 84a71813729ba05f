import { useTexts } from "../i18n/texts";
import { type Decision, Decide as KitDecide } from "../kit/decide";
import type { Venue } from "./data";
import { Refusal } from "./problem";
import { zoneTexts } from "./texts";

/** A decision about a zone, a camera or a sign; a refusal says what is missing, and where it is done. */
export function Decide(
  props: Decision & { of?: { zone?: string; camera?: string; scene?: string }; venue?: Venue | undefined },
) {
  const t = useTexts(zoneTexts);
  const { of, venue, ...decision } = props;
  return (
    <KitDecide
      {...decision}
      reason={{ label: t("reason"), hint: t("reason.hint") }}
      refusal={(error) => <Refusal error={error} of={of ?? {}} venue={venue} />}
    />
  );
}
