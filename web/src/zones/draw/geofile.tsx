import { useState } from "react";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { FileField } from "../../kit/fields";
import { useToast } from "../../kit/toast";
import { drawTexts } from "../texts/draw";
import { faultText } from "./editor";
import { fromGeoJSON, ImportError, type Outline, type Surface, toGeoJSON } from "./geojson";
import { type Frame, settle } from "./geometry";

/** Import and export of outlines; what is read is checked, then drawn, and saved by the reader. */
export function GeoFile(props: {
  outlines: readonly Outline[];
  surface: Surface;
  frame: Frame;
  name: string;
  readOnly?: boolean;
  onRead: (outlines: Outline[]) => void;
}) {
  const t = useTexts(drawTexts);
  const say = useToast();
  const [error, setError] = useState<string>();
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      const list = fromGeoJSON(await file.text(), props.surface, props.frame);
      setError(undefined);
      props.onRead(list.map((o) => ({ ...o, points: o.points.map((p) => settle(p, props.frame)) })));
      say(t("geo.done", { n: list.length }));
    } catch (err) {
      if (!(err instanceof ImportError)) throw err;
      const fault = err.fault ? faultText(t, err.fault) : "";
      setError(t(`geo.${err.code}`, { at: err.at, fault }));
    }
  };
  return (
    <details className="geofile">
      <summary>{t("geo.title")}</summary>
      <div className="form">
        <p className="muted">{t("geo.hint")}</p>
        <Button
          small
          disabled={props.outlines.length === 0}
          onPress={() =>
            download(toGeoJSON(props.outlines, props.surface, props.frame), `${props.name}.geojson`)
          }
        >
          {t("geo.export")}
        </Button>
        {props.readOnly ? null : (
          <FileField
            label={t("geo.import")}
            accept=".geojson,.json,application/geo+json"
            error={error}
            onChoose={(files) => void read(files[0])}
          />
        )}
      </div>
    </details>
  );
}

/** Hands text to the browser's downloads. */
function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/geo+json" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
