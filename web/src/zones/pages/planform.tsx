import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { client } from "../../api/client";
import { useWords } from "../../i18n/i18n";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { FileField, TextField } from "../../kit/fields";
import { PageHead, Panel } from "../../kit/page";
import { useToast } from "../../kit/toast";
import { upload, useReload, useVenue } from "../data";
import { freeID, idPattern } from "../draw/items";
import { Refusal } from "../problem";
import { zoneTexts } from "../texts";
import { planTexts } from "../texts/plan";

/** A plan's picture with its size in pixels. */
interface Picture {
  file: File;
  w: number;
  h: number;
}

/** The second step: a floor plan, by a picture or by its size alone. */
export function NewPlan() {
  const t = useTexts(zoneTexts);
  const p = useTexts(planTexts);
  const w = useWords();
  const say = useToast();
  const go = useNavigate();
  const reload = useReload();
  const venue = useVenue();
  const [name, setName] = useState("");
  const [id, setID] = useState("floor-1");
  const [width, setWidth] = useState("20");
  const [depth, setDepth] = useState("12");
  const [picture, setPicture] = useState<Picture>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const taken = venue.data?.plans.map((x) => x.id);
  useEffect(() => {
    if (taken && taken.length > 0) setID((now) => (taken.includes(now) ? freeID("floor", taken) : now));
  }, [taken]);
  const wide = Number(width);
  const deep = picture ? Math.round((wide * picture.h * 100) / picture.w) / 100 : Number(depth);
  const fits = (v: number) => v >= 0.5 && v <= 10_000;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const photo = picture ? await upload(picture.file) : undefined;
      if (photo && photo.masked > 0) say(p("covered", { n: photo.masked }));
      await client.POST("/v1/floorplans", {
        body: {
          id,
          name,
          width_m: wide,
          depth_m: deep,
          ...(photo ? { picture: photo.id } : {}),
          reason: p("reason"),
        },
      });
      await reload();
      void go(`/zones/plan/${id}`);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <PageHead title={p("new")} lead={p("new.lead")} />
      <Panel title={p("size")}>
        <form
          className="form"
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <div className="form-row">
            <TextField
              required
              label={p("name")}
              hint={p("name.hint")}
              value={name}
              onChange={setName}
              maxLength={100}
            />
            <TextField
              required
              mono
              label={p("id")}
              hint={t("id.hint")}
              error={!idPattern.test(id) ? t("id.bad") : taken?.includes(id) ? t("id.taken") : undefined}
              value={id}
              onChange={setID}
              maxLength={63}
            />
          </div>
          <FileField
            label={p("picture")}
            hint={p("picture.hint")}
            accept="image/png,image/jpeg"
            onChoose={(files) => void measure(files[0]).then(setPicture, setError)}
          />
          <div className="form-row">
            <TextField
              required
              type="number"
              min={0.5}
              max={10_000}
              step={0.01}
              label={p("width")}
              hint={
                picture ? (
                  <>
                    {p("scale.picture")} {wide > 0 ? p("scale.per", { n: w.decimal(picture.w / wide) }) : ""}
                  </>
                ) : (
                  p("scale.free")
                )
              }
              value={width}
              onChange={setWidth}
            />
            <TextField
              required
              type="number"
              min={0.5}
              max={10_000}
              step={0.01}
              label={p("depth")}
              disabled={picture !== undefined}
              value={picture ? String(deep) : depth}
              onChange={setDepth}
            />
          </div>
          {error ? <Refusal error={error} /> : null}
          <div className="actions">
            <Button
              submit
              tone="primary"
              pending={busy}
              disabled={
                !(name.trim() && idPattern.test(id) && !taken?.includes(id) && fits(wide) && fits(deep))
              }
            >
              {t("save")}
            </Button>
          </div>
        </form>
      </Panel>
    </>
  );
}

async function measure(file: File | undefined): Promise<Picture | undefined> {
  if (!file) return undefined;
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  bitmap.close();
  return { file, w: width, h: height };
}
