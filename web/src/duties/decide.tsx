import { useTexts } from "../i18n/texts";
import { type Decision, Decide as KitDecide } from "../kit/decide";
import { Refusal } from "./reasons";
import { dutyTexts } from "./texts";

/** A decision of an officer; a refusal names what is not met. */
export function Decide(props: Decision) {
  const t = useTexts(dutyTexts);
  return (
    <KitDecide
      {...props}
      reason={{ label: t("reason"), hint: t("reason.hint") }}
      refusal={(error) => <Refusal error={error} />}
    />
  );
}
