import { useState } from "react";
import { client, type Reason, type Schemas } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Dialog } from "../../kit/dialog";
import { Failure } from "../../kit/failure";
import { RadioField } from "../../kit/fields";
import { Facts } from "../../kit/page";
import { useSession } from "../../session/session";
import { noteTexts } from "./notetexts";
import type { Span } from "./scale";

const purposes = ["incident", "authority", "rights request"] as const;
type Purpose = (typeof purposes)[number];

/** Says what leaves the house, asks why, and hands the archive over. */
export function ExportDialog(props: {
  camera: string;
  range: Span;
  nameOf: (id: string) => string;
  onClose: () => void;
}) {
  const { camera, range, nameOf, onClose } = props;
  const w = useWords();
  const t = useTexts(noteTexts);
  const { session } = useSession();
  const [purpose, setPurpose] = useState<Purpose | "">("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [ready, setReady] = useState<Schemas["NotesExport"]>();
  const iso = (ms: number) => new Date(ms).toISOString();
  const prepare = async () => {
    if (purpose === "") return;
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await client.POST("/v1/exports", {
        body: { camera, from: iso(range.from), to: iso(range.to), purpose },
      });
      setReady(data);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("export.title")} open onClose={onClose}>
      <Facts
        rows={[
          [t("export.camera"), nameOf(camera)],
          [t("export.range"), `${w.time(iso(range.from))} – ${w.time(iso(range.to))}`],
          [t("export.by"), session.name || session.id],
          ...(ready
            ? ([
                [t("export.holds"), t("export.clips", { n: ready.clips, bytes: w.bytes(ready.bytes) })],
                [t("export.whole"), `${w.time(ready.from)} – ${w.time(ready.to)}`],
              ] as const)
            : []),
        ]}
      />
      {ready ? (
        <p>{t("export.ready")}</p>
      ) : (
        <RadioField
          label={t("export.why")}
          value={purpose}
          onChange={setPurpose}
          options={purposes.map((p) => ({ value: p, label: t(`why.${p}`) }))}
        />
      )}
      <p className="panel-quiet">{t("export.mark")}</p>
      {error ? <Failure error={error} explain={(r: Reason) => r.text} /> : null}
      <div className="kit-dialog-foot">
        <Button onPress={onClose}>{t(ready ? "close" : "cancel")}</Button>
        {ready ? (
          <LinkButton tone="primary" to={`/v1/exports/${ready.id}`} download>
            {t("export.fetch")}
          </LinkButton>
        ) : (
          <Button tone="primary" pending={busy} disabled={purpose === ""} onPress={() => void prepare()}>
            {t("export.prepare")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
