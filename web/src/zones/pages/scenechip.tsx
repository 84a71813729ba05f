import { useTexts } from "../../i18n/texts";
import { Chip } from "../../kit/page";
import type { Scene } from "../data";
import { sceneTexts } from "../texts/scene";

/** A scene's state, coloured by what it allows. */
export function SceneChip({ scene }: { scene: Scene }) {
  const t = useTexts(sceneTexts);
  const tone =
    scene.state === "enabled"
      ? "good"
      : scene.state === "paused"
        ? "bad"
        : scene.state === "assessed"
          ? "warn"
          : "muted";
  return <Chip tone={tone}>{t(`state.${scene.state}`)}</Chip>;
}
