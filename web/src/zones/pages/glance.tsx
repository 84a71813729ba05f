import { useMemo } from "react";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { type FloorPlan, photoURL, type Venue } from "../data";
import { Canvas } from "../draw/canvas";
import { useDrawing } from "../draw/drawing";
import { planFrame } from "../draw/geometry";
import { type Doc, entranceLacks } from "../draw/items";
import type { Mark } from "../draw/marks";
import { daysLeft, toneOf } from "../kindof";
import { zoneTexts } from "../texts";
import { planTexts } from "../texts/plan";
import { planDoc } from "./plandoc";

/** The plan with what is complete and what is not; nothing moves here. */
export function Glance({ plan, venue }: { plan: FloorPlan; venue: Venue }) {
  const doc = useMemo(() => planDoc(plan, venue).map((i) => ({ ...i, fixed: true })), [plan, venue]);
  return <Drawn key={`${plan.version} ${doc.length}`} plan={plan} venue={venue} doc={doc} />;
}

function Drawn({ plan, venue, doc }: { plan: FloorPlan; venue: Venue; doc: Doc }) {
  const p = useTexts(planTexts);
  const w = useWords();
  const drawing = useDrawing(doc);
  const marks = useMarks({ ...drawing, doc }, venue);
  return (
    <div className="glance">
      <Canvas
        drawing={{ ...drawing, doc }}
        frame={planFrame(plan.width_m, plan.depth_m)}
        label={p("canvas", { name: plan.name })}
        picture={plan.picture ? photoURL(plan.picture) : undefined}
        grid
        readOnly
        marks={marks}
        say={() => {}}
        where={() => ""}
        metres={(m) => `${w.decimal(m)} m`}
      />
      <Legend />
    </div>
  );
}

/** What each mark on the plan means; colour, sign and word say the same. */
export function Legend() {
  const p = useTexts(planTexts);
  const t = useTexts(zoneTexts);
  return (
    <ul className="legend">
      <li className="good">✓ {t("cover.ok")}</li>
      <li className="bad">✕ {t("cover.sign")}</li>
      <li className="bad">✕ {t("cover.pair")}</li>
      <li className="warn">! {p("legend.soon")}</li>
      <li>
        <b>F</b> {t("sign.face_recognition")}
      </li>
      <li>
        <b>M</b> {t("sign.monitoring")}
      </li>
      <li>
        <b>i</b> {t("sign.entrance_notice")}
      </li>
    </ul>
  );
}

/** What is to be seen at a glance: entrances by their signs, zones by what runs out. */
export function useMarks(drawing: { doc: Doc }, venue: Venue): ReadonlyMap<string, Mark> {
  const w = useWords();
  const t = useTexts(zoneTexts);
  const zones = drawing.doc.filter((i) => i.type === "zone" && i.zoneKind === "recognition");
  return useMemo(() => {
    const out = new Map<string, Mark>();
    for (const i of drawing.doc) {
      if (i.type !== "entrance") continue;
      const zone = venue.zones.find((z) => z.id === i.zone);
      const records = venue.scenes.find((s) => s.id === zone?.scene)?.records ?? false;
      const lacks = entranceLacks(drawing.doc, i.id, records);
      out.set(
        i.key,
        lacks
          ? { tone: "bad", word: t(lacks === "sign" ? "cover.sign" : "cover.pair") }
          : { tone: "good", word: t("cover.ok") },
      );
    }
    for (const z of zones) {
      const last = venue.inspections
        .filter((x) => x.id === venue.zones.find((v) => v.id === z.id)?.inspection)
        .at(-1);
      if (!last) continue;
      const days = daysLeft(last.valid_until);
      const tone = toneOf(days);
      if (tone !== "good")
        out.set(z.key, {
          tone,
          word:
            days < 0
              ? w.pair(t("out.inspection"), t("out.ago"))
              : w.pair(t("out.inspection"), t("out.days", { n: days })),
        });
    }
    return out;
  }, [drawing.doc, venue, zones, t, w]);
}
