import { useTexts } from "../i18n/texts";
import { useSession } from "../session/session";
import { dutyTexts } from "./texts";

/** An account: "you" for one's own, else its id. */
export function Account({ id }: { id: string | undefined }) {
  const t = useTexts(dutyTexts);
  const { session } = useSession();
  if (!id) return <>–</>;
  if (id === session.id) return <strong>{t("you")}</strong>;
  if (id === "system") return <>{t("system")}</>;
  if (id === "person") return <>{t("person")}</>;
  return <span className="account-id">{id}</span>;
}
