import { useEffect, useState } from "react";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { zoneTexts } from "../texts";

/** How much is not saved, what saving means, and leaving asks first. */
export function Saving(props: {
  n: number;
  hidden?: boolean;
  disabled?: boolean;
  onSave: () => Promise<void>;
  onDiscard: () => void;
  note?: string;
}) {
  const t = useTexts(zoneTexts);
  const [busy, setBusy] = useState(false);
  const unsaved = props.n > 0;
  useEffect(() => {
    if (!unsaved) return;
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [unsaved]);
  if (props.hidden) return null;
  const save = async () => {
    setBusy(true);
    try {
      await props.onSave();
    } catch {
      // The page shows why.
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="saving">
      <div className="actions">
        <Button
          tone="primary"
          pending={busy}
          disabled={!unsaved || (props.disabled ?? false)}
          onPress={() => void save()}
        >
          {props.n === 0 ? t("save.none") : props.n === 1 ? t("save.one") : t("save.n", { n: props.n })}
        </Button>
        {unsaved ? (
          <Button tone="quiet" onPress={props.onDiscard}>
            {t("discard")}
          </Button>
        ) : null}
      </div>
      {unsaved ? <p className="muted">{props.note ?? t("unsaved.zone")}</p> : null}
    </div>
  );
}
