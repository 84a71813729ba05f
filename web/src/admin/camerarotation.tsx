import { useTexts } from "../i18n/texts";
import { SelectField } from "../kit/fields";
import { cameraTexts } from "./cameratexts";

/** Degrees clockwise, as a choice. */
export type Rotation = "0" | "90" | "180" | "270";

/** How a camera's pictures are turned to stand upright. */
export function RotationField(props: { value: Rotation; onChange: (v: Rotation) => void }) {
  const t = useTexts(cameraTexts);
  return (
    <SelectField
      label={t("rotation")}
      value={props.value}
      onChange={props.onChange}
      options={(["0", "90", "180", "270"] as const).map((value) => ({
        value,
        label: t(`rotation.${value}`),
      }))}
    />
  );
}
