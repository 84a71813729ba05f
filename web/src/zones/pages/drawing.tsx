import { useMemo, useState } from "react";
import { Link } from "react-router";
import { useTexts } from "../../i18n/texts";
import { Button, LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { PageHead } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { holds, useSession } from "../../session/session";
import { Empty, Loading } from "../../ui/parts";
import { nameOf, useReload, useVenue, type Venue } from "../data";
import { useDrawing, useFollow } from "../draw/drawing";
import { Editor } from "../draw/editor";
import { GeoFile } from "../draw/geofile";
import { type Frame, faultOf, type Point, pictureFrame } from "../draw/geometry";
import { drop, find, freeID, type Item, idPattern, put, type ZoneKind } from "../draw/items";
import { Refusal } from "../problem";
import { type Still, useStill } from "../still";
import { zoneTexts } from "../texts";
import { cameraTexts } from "../texts/camera";
import { Pick } from "./pick";
import { Saving } from "./saving";
import { ZoneFields } from "./zonefields";
import { type Attributes, attributesOf, changedZones, pictureDoc, saveZones } from "./zonesave";

export function DrawPage({ camera }: { camera: string }) {
  const c = useTexts(cameraTexts);
  const venue = useVenue();
  const still = useStill(camera);
  const { session } = useSession();
  return (
    <Loaded query={venue} rows={8} page>
      {(v) => {
        const name = nameOf(v.cameras, camera);
        const head = <PageHead title={c("draw.title", { name })} lead={c("draw.lead")} />;
        if (!v.policies.some((p) => p.id === camera))
          return (
            <>
              {head}
              <Empty icon="camera" title={c("draw.register")}>
                <LinkButton tone="primary" to={`/zones/cameras/${camera}`}>
                  {c("draw.register.go")}
                </LinkButton>
              </Empty>
            </>
          );
        // Without a picture the frame must be right all the same: the camera knows its size.
        const running = v.cameras.find((x) => x.id === camera);
        const known = running && running.width > 0 ? running.height / running.width : undefined;
        if (!still.data && !still.error)
          return (
            <>
              {head}
              <p className="muted">{c("still.loading")}</p>
              <Loading rows={8} />
            </>
          );
        return (
          <>
            {head}
            {still.error ? (
              <div className="note warn">
                <div>{c("still.none")}</div>
                <Button small pending={still.isFetching} onPress={() => void still.refetch()}>
                  {c("still.again")}
                </Button>
              </div>
            ) : null}
            <ZoneEditor
              camera={camera}
              venue={v}
              still={still.data}
              ratio={still.data?.ratio ?? known ?? 9 / 16}
              again={() => void still.refetch()}
              readOnly={!holds(session, ["venue_owner"])}
            />
          </>
        );
      }}
    </Loaded>
  );
}

const kinds: readonly ZoneKind[] = ["recognition", "signage", "prohibited", "privacy"];

function ZoneEditor(props: {
  camera: string;
  venue: Venue;
  still: Still | undefined;
  ratio: number;
  again: () => void;
  readOnly: boolean;
}) {
  const { camera, venue, readOnly, ratio } = props;
  const t = useTexts(zoneTexts);
  const c = useTexts(cameraTexts);
  const say = useToast();
  const reload = useReload();
  const frame = useMemo<Frame>(() => pictureFrame(ratio), [ratio]);
  const base = useMemo(() => pictureDoc(camera, venue, frame), [camera, venue, frame]);
  const drawing = useDrawing(base);
  const saved = useFollow(drawing, base);
  const [kind, setKind] = useState<ZoneKind>("recognition");
  const [edited, setEdited] = useState<Readonly<Record<string, Attributes>>>({});
  const [error, setError] = useState<unknown>();
  const attributes = (i: Item): Attributes => edited[i.key] ?? attributesOf(i, venue);
  const todo = changedZones(base, drawing.doc, edited);
  const taken = venue.zones.map((z) => z.id);
  const bad = todo.some((i) => {
    const a = attributes(i);
    const isNew = !find(base, i.key);
    return (
      faultOf(i.points, frame) ||
      (isNew && (!idPattern.test(a.id) || taken.includes(a.id))) ||
      (i.zoneKind === "recognition" && !a.scene)
    );
  });

  const add = (points: readonly Point[], id: string, zoneKind: ZoneKind) => {
    const key = `zone ${id}`;
    drawing.change((d) => put(d, { key, type: "zone", id, name: id, points, zoneKind }));
    return key;
  };
  const onDrawn = (points: Point[]) => {
    const id = freeID("zone", [
      ...taken,
      ...drawing.doc.map((i) => i.id),
      ...Object.values(edited).map((a) => a.id),
    ]);
    const key = add(points, id, kind);
    drawing.take("select");
    drawing.select(key);
  };
  const save = async () => {
    setError(undefined);
    try {
      await saveZones(
        todo.map((item) => ({ item, attributes: attributes(item) })),
        camera,
        frame,
        venue,
        c("draw.reason"),
      );
      saved();
      setEdited({});
      say(t("saved"));
    } catch (err) {
      setError(err);
      throw err;
    } finally {
      await reload();
    }
  };
  return (
    <Editor
      drawing={drawing}
      frame={frame}
      unit="picture"
      label={c("draw.canvas", { name: nameOf(venue.cameras, camera) })}
      picture={props.still?.src}
      readOnly={readOnly}
      tools={["select", "zone"]}
      onDrawn={onDrawn}
      options={
        <>
          {drawing.tool === "zone" ? (
            <Pick
              label={c("draw.kind")}
              value={kind}
              onPick={(v) => setKind(v as ZoneKind)}
              options={kinds.map((k) => [k, t(`kind.${k}`)])}
            />
          ) : null}
          {props.still ? (
            <Button small tone="quiet" onPress={props.again}>
              {c("still.again")}
            </Button>
          ) : null}
        </>
      }
      describe={(i) => t(`kind.${i.zoneKind ?? "recognition"}`)}
      panel={(item) => {
        const old = find(base, item.key) !== undefined;
        return (
          <ZoneFields
            item={item}
            value={attributes(item)}
            old={old}
            taken={taken}
            venue={venue}
            readOnly={readOnly}
            onChange={(a) => {
              setEdited({ ...edited, [item.key]: a });
              if (!old && a.id !== item.name)
                drawing.change((d) => put(d, { ...item, name: a.id }), `name ${item.key}`);
            }}
          >
            {old ? (
              <p>
                <Link to={`/zones/zone/${item.id}`}>{c("draw.open")}</Link>
              </p>
            ) : (
              <Button small tone="danger" onPress={() => drawing.change((d) => drop(d, item.key))}>
                {c("draw.remove")}
              </Button>
            )}
          </ZoneFields>
        );
      }}
      foot={
        <>
          <Saving
            n={todo.length}
            hidden={readOnly}
            disabled={bad}
            note={c("draw.save.note")}
            onSave={save}
            onDiscard={() => {
              drawing.reset(base);
              setEdited({});
            }}
          />
          {error ? <Refusal error={error} of={{ camera }} venue={venue} /> : null}
          <GeoFile
            outlines={drawing.doc.map((i) => ({
              id: attributes(i).id,
              kind: i.zoneKind ?? "recognition",
              points: i.points,
            }))}
            surface={{ on: "picture", camera }}
            frame={frame}
            name={camera}
            readOnly={readOnly}
            onRead={(list) =>
              drawing.change((d) =>
                list.reduce((doc, o) => {
                  const have = doc.find((i) => i.id === o.id);
                  const key = have?.key ?? `zone ${o.id}`;
                  // A zone keeps its kind; an id of another camera's zone is shown as taken.
                  return put(doc, {
                    key,
                    type: "zone",
                    id: o.id,
                    name: o.id,
                    points: o.points,
                    zoneKind: have?.zoneKind ?? o.kind,
                  });
                }, d),
              )
            }
          />
        </>
      }
    />
  );
}
