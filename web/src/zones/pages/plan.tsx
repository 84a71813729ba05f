import { useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { Loaded } from "../../kit/loaded";
import { PageHead } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { type FloorPlan, photoURL, standing, useReload, useVenue, type Venue } from "../data";
import { useDrawing, useFollow } from "../draw/drawing";
import { Editor } from "../draw/editor";
import { GeoFile } from "../draw/geofile";
import { faultOf, type Point, planFrame } from "../draw/geometry";
import { drop, find, type Item, put, type SignKind } from "../draw/items";
import { Refusal } from "../problem";
import { lacking, prefilled } from "../sign/content";
import { zoneTexts } from "../texts";
import { planTexts } from "../texts/plan";
import { Legend, useMarks } from "./glance";
import { Pick } from "./pick";
import { planDoc } from "./plandoc";
import { drawn, unplaced } from "./plandrawn";
import { PlanPanel } from "./planpanel";
import { countChanges, savePlan } from "./plansave";
import { Saving } from "./saving";

export function PlanPage({ id }: { id: string }) {
  const p = useTexts(planTexts);
  const venue = useVenue();
  return (
    <Loaded query={venue} rows={8} page>
      {(v) => {
        const plan = v.plans.find((x) => x.id === id);
        return plan ? (
          <PlanEditor key={plan.id} plan={plan} venue={v} />
        ) : (
          <Gone title={p("gone", { id })} to="/zones" />
        );
      }}
    </Loaded>
  );
}

const signKinds: readonly SignKind[] = ["face_recognition", "monitoring", "entrance_notice", "floor_marking"];

function PlanEditor({ plan, venue }: { plan: FloorPlan; venue: Venue }) {
  const t = useTexts(zoneTexts);
  const p = useTexts(planTexts);
  const w = useWords();
  const say = useToast();
  const reload = useReload();
  const { session } = useSession();
  const [params] = useSearchParams();
  const zones = standing(venue.zones).filter((z) => z.kind === "recognition");
  const [zone, setZone] = useState(params.get("zone") ?? zones[0]?.id ?? "");
  const [kind, setKind] = useState<SignKind>("face_recognition");
  const free = unplaced(venue);
  const [camera, setCamera] = useState("");
  const base = useMemo(() => planDoc(plan, venue), [plan, venue]);
  const drawing = useDrawing(base);
  const saved = useFollow(drawing, base);
  const marks = useMarks(drawing, venue);
  const frame = planFrame(plan.width_m, plan.depth_m);
  const readOnly = !holds(session, ["venue_owner"]);
  const [error, setError] = useState<unknown>();
  const n = countChanges(base, drawing.doc);
  const faulty = drawing.doc.some((i) => i.type === "zone" && faultOf(i.points, frame));

  const onDrawn = (points: Point[]) => {
    const item = drawn(points, { doc: drawing.doc, tool: drawing.tool, venue, frame, zone, kind, camera });
    if (item === "no entrance") say(p("no.entrance"));
    if (!item || item === "no entrance") return;
    drawing.change((d) => put(d, item));
    if (item.type !== "wall") {
      drawing.take("select");
      drawing.select(item.key);
    }
  };
  const save = async () => {
    setError(undefined);
    try {
      await savePlan(plan, base, drawing.doc, venue, p("reason"));
      saved();
      say(t("saved"));
    } catch (err) {
      setError(err);
      throw err;
    } finally {
      await reload();
    }
  };
  const silent = drawing.doc.find(
    (i) =>
      i.type === "sign" &&
      !find(base, i.key) &&
      i.signKind &&
      i.signKind !== "floor_marking" &&
      lacking(prefilled(i.signKind, i.zone ?? "", venue).text, venue.site?.profile).includes("alternative"),
  );
  const options = (
    <>
      {drawing.tool === "entrance" || drawing.tool === "sign" || drawing.tool === "zone" ? (
        <Pick label={p("zone")} value={zone} onPick={setZone} options={zones.map((z) => [z.id, z.id])} />
      ) : null}
      {drawing.tool === "sign" ? (
        <Pick
          label={p("kind")}
          value={kind}
          onPick={(v) => setKind(v as SignKind)}
          options={signKinds.map((k) => [k, t(`sign.${k}`)])}
        />
      ) : null}
      {drawing.tool === "camera" ? (
        free.length > 0 ? (
          <Pick
            label={p("camera")}
            value={camera || (free[0]?.id ?? "")}
            onPick={setCamera}
            options={free.map((c) => [c.id, c.id])}
          />
        ) : (
          <span className="muted">{p("camera.none")}</span>
        )
      ) : null}
    </>
  );
  return (
    <>
      <PageHead
        title={p("title", { name: plan.name })}
        lead={
          <>
            {p("lead")} {p("size.note", { w: w.decimal(plan.width_m), d: w.decimal(plan.depth_m) })}
          </>
        }
        actions={<Link to="/zones/plan/new">{p("new")}</Link>}
      />
      {zones.length === 0 ? (
        <div className="note info">
          <div>
            {p("zone.none")} <Link to="/zones/cameras">{p("zone.link")}</Link>
          </div>
        </div>
      ) : null}
      <Editor
        drawing={drawing}
        frame={frame}
        unit="metres"
        label={p("canvas", { name: plan.name })}
        picture={plan.picture ? photoURL(plan.picture) : undefined}
        grid
        readOnly={readOnly}
        tools={
          zones.length > 0
            ? ["select", "wall", "zone", "entrance", "sign", "camera"]
            : ["select", "wall", "camera"]
        }
        marks={marks}
        onDrawn={onDrawn}
        options={options}
        describe={(i) => describe(i, drawing.doc, t, p)}
        panel={(item) => (
          <PlanPanel
            item={item}
            drawing={drawing}
            readOnly={readOnly}
            saved={find(base, item.key) !== undefined}
          >
            {readOnly ? null : (
              <Button small tone="danger" onPress={() => drawing.change((d) => drop(d, item.key))}>
                {p(item.type === "wall" ? "remove.wall" : "remove")}
              </Button>
            )}
          </PlanPanel>
        )}
        foot={
          <>
            <Legend />
            {silent ? (
              <div className="note warn">
                <div>
                  {p("no.alternative", { zone: silent.zone ?? "" })}{" "}
                  <Link to={`/zones/zone/${silent.zone}#alternative`}>{t("alt.title")}</Link>
                </div>
              </div>
            ) : null}
            <Saving
              n={n}
              hidden={readOnly}
              disabled={faulty || silent !== undefined}
              onSave={save}
              onDiscard={() => drawing.reset(base)}
            />
            {error ? <Refusal error={error} venue={venue} /> : null}
            <GeoFile
              outlines={drawing.doc
                .filter((i) => i.type === "zone")
                .map((i) => ({ id: i.id, kind: i.zoneKind ?? "recognition", points: i.points }))}
              surface={{ on: "plan", plan: plan.id }}
              frame={frame}
              name={plan.id}
              readOnly={readOnly}
              onRead={(list) =>
                drawing.change((d) =>
                  list
                    .filter((o) => venue.zones.some((z) => z.id === o.id))
                    .reduce(
                      (doc, o) =>
                        put(doc, {
                          key: `zone ${o.id}`,
                          type: "zone",
                          id: o.id,
                          name: o.id,
                          points: o.points,
                          zoneKind: o.kind,
                        }),
                      d,
                    ),
                )
              }
            />
          </>
        }
      />
    </>
  );
}

function describe(
  i: Item,
  doc: readonly Item[],
  t: (k: `sign.${SignKind}`) => string,
  p: (
    k: "thing.entrance" | "thing.sign" | "thing.camera" | "thing.zone",
    v?: Record<string, string>,
  ) => string,
): string {
  if (i.type === "entrance") return p("thing.entrance", { zone: i.zone ?? "" });
  if (i.type === "sign" && i.signKind)
    return p("thing.sign", {
      kind: t(`sign.${i.signKind}`),
      entrance: doc.find((e) => e.type === "entrance" && e.id === i.entrance)?.name ?? i.entrance ?? "",
    });
  return p(i.type === "camera" ? "thing.camera" : "thing.zone");
}
