import { useState } from "react";
import { useNavigate } from "react-router";
import { useRenew } from "../api/all";
import { client, type Schemas } from "../api/client";
import { Refusal } from "../duties/reasons";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { SelectField, TextField } from "../kit/fields";
import { PageHead, Panel } from "../kit/page";
import { useSending } from "../kit/sending";
import { useToast } from "../kit/toast";
import { type Rotation, RotationField } from "./camerarotation";
import { TestReport } from "./cameratest";
import { cameraTexts } from "./cameratexts";

interface Entries {
  url: string;
  username: string;
  password: string;
  transport: "tcp" | "udp";
}

/** Adds a camera by its address, after a test that says step by step what fails. */
export function AddCamera() {
  const t = useTexts(cameraTexts);
  const go = useNavigate();
  const renew = useRenew();
  const say = useToast();
  const [id, setID] = useState("");
  const [name, setName] = useState("");
  const [rotation, setRotation] = useState<Rotation>("0");
  const [entries, setEntries] = useState<Entries>({ url: "", username: "", password: "", transport: "tcp" });
  const [tested, setTested] = useState<{ of: Entries; report: Schemas["AdminReport"] }>();
  const trying = useSending();
  const keeping = useSending();
  const set = <K extends keyof Entries>(key: K, value: Entries[K]) =>
    setEntries((e) => ({ ...e, [key]: value }));
  const body = {
    url: entries.url.trim(),
    transport: entries.transport,
    ...(entries.username ? { username: entries.username } : {}),
    ...(entries.password ? { password: entries.password } : {}),
  };
  const tryIt = () =>
    trying.send(async () => {
      setTested(undefined);
      const { data } = await client.POST("/v1/admin/camera-tests", { body });
      if (data) setTested({ of: entries, report: data });
    });
  const keep = async () => {
    const done = await keeping.send(async () => {
      await client.POST("/v1/admin/cameras", {
        body: { id, ...body, ...turned(rotation), ...(name ? { name } : {}) },
      });
      await renew("/v1/admin/cameras", "/v1/cameras");
    });
    if (done) {
      say(t("kept"));
      void go("/admin/cameras");
    }
  };
  const proved = tested?.of === entries && tested.report.ok;
  return (
    <>
      <PageHead
        title={t("add")}
        lead={t("add.lead")}
        actions={<LinkButton to="/admin/cameras">{t("back")}</LinkButton>}
      />
      <div className="columns">
        <Panel title={t("add")}>
          <form
            className="form"
            onSubmit={(e) => {
              e.preventDefault();
              void keep();
            }}
          >
            <TextField
              label={t("url")}
              hint={t("url.hint")}
              required
              mono
              maxLength={2048}
              placeholder="rtsp://10.0.0.7:554/stream1"
              value={entries.url}
              onChange={(v) => set("url", v)}
            />
            <div className="form-row">
              <TextField label={t("user")} value={entries.username} onChange={(v) => set("username", v)} />
              <TextField
                label={t("password")}
                type="password"
                autoComplete="new-password"
                value={entries.password}
                onChange={(v) => set("password", v)}
              />
            </div>
            <small>{t("password.hint")}</small>
            <SelectField
              label={t("transport")}
              value={entries.transport}
              onChange={(v) => set("transport", v)}
              options={[
                { value: "tcp", label: t("t.tcp") },
                { value: "udp", label: t("t.udp") },
              ]}
            />
            <div className="actions">
              <Button
                tone={proved ? "plain" : "primary"}
                pending={trying.busy}
                disabled={body.url === ""}
                onPress={() => void tryIt()}
              >
                {t("try")}
              </Button>
            </div>
            <div className="form-row">
              <TextField
                label={t("id")}
                hint={t("id.hint")}
                required
                mono
                maxLength={63}
                value={id}
                onChange={setID}
              />
              <TextField label={t("label")} maxLength={100} value={name} onChange={setName} />
            </div>
            <RotationField value={rotation} onChange={setRotation} />
            {keeping.error ? <Refusal error={keeping.error} /> : null}
            {id !== "" && !proved ? <small>{t("keep.untested")}</small> : null}
            <div className="actions">
              <Button submit tone={proved ? "primary" : "plain"} pending={keeping.busy}>
                {t("keep")}
              </Button>
            </div>
          </form>
        </Panel>
        <Panel title={t("result")}>
          <div aria-live="polite">
            {trying.busy ? <p>{t("trying")}</p> : null}
            {trying.error ? <Refusal error={trying.error} /> : null}
            {tested ? <TestReport report={tested.report} /> : null}
            {!trying.busy && !trying.error && !tested ? <p className="quiet-text">{t("add.lead")}</p> : null}
          </div>
        </Panel>
      </div>
    </>
  );
}

function turned(rotation: Rotation) {
  return rotation === "0" ? {} : { rotation: Number(rotation) as 90 | 180 | 270 };
}
