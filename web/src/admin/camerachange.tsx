import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { useRenew } from "../api/all";
import { api, client, type Schemas } from "../api/client";
import { Refusal } from "../duties/reasons";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { SelectField, TextField } from "../kit/fields";
import { Loaded } from "../kit/loaded";
import { PageHead, Panel } from "../kit/page";
import { useSending } from "../kit/sending";
import { useToast } from "../kit/toast";
import { Empty } from "../ui/parts";
import { type Rotation, RotationField } from "./camerarotation";
import { TestReport } from "./cameratest";
import { cameraTexts } from "./cameratexts";

/** Changes a camera that was added here, while it runs. */
export function ChangeCamera() {
  const t = useTexts(cameraTexts);
  const { id = "" } = useParams();
  const kept = api.useQuery("get", "/v1/admin/cameras");
  return (
    <>
      <PageHead
        title={t("change.title", { id })}
        lead={t("change.lead")}
        actions={<LinkButton to="/admin/cameras">{t("back")}</LinkButton>}
      />
      <Loaded query={kept}>
        {(d) => {
          const camera = d.cameras.find((c) => c.id === id && c.origin === "interface");
          return camera ? <Form camera={camera} /> : <Empty icon="camera" title={t("change.none")} />;
        }}
      </Loaded>
    </>
  );
}

type Change = Schemas["ChangeInBody"];

function Form({ camera }: { camera: Schemas["AdminCamera"] }) {
  const t = useTexts(cameraTexts);
  const go = useNavigate();
  const renew = useRenew();
  const say = useToast();
  const [name, setName] = useState(camera.name);
  const [url, setURL] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [transport, setTransport] = useState<"tcp" | "udp">(camera.transport ?? "tcp");
  const [rotation, setRotation] = useState<Rotation>(`${camera.rotation}` as Rotation);
  const [report, setReport] = useState<Schemas["AdminReport"]>();
  const trying = useSending();
  const keeping = useSending();
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  const tryIt = () =>
    trying.send(async () => {
      setReport(undefined);
      const { data } = await client.POST("/v1/admin/camera-tests", {
        body: { url: url.trim(), transport, ...credentials },
      });
      setReport(data);
    });
  const keep = async () => {
    const body: Change = {
      name,
      transport,
      rotation: Number(rotation) as NonNullable<Change["rotation"]>,
      ...(url.trim() ? { url: url.trim() } : {}),
      ...credentials,
    };
    const done = await keeping.send(async () => {
      await client.PATCH("/v1/admin/cameras/{id}", { params: { path: { id: camera.id } }, body });
      await renew("/v1/admin/cameras", "/v1/cameras");
    });
    if (done) {
      say(t("changed"));
      void go("/admin/cameras");
    }
  };
  const moves = url.trim() !== "" || Number(rotation) !== camera.rotation;
  return (
    <div className="columns">
      <Panel title={camera.name}>
        <form
          className="form"
          onSubmit={(e) => {
            e.preventDefault();
            void keep();
          }}
        >
          <TextField label={t("label")} maxLength={100} value={name} onChange={setName} />
          <TextField
            label={t("url.new")}
            hint={t("url.keep")}
            mono
            maxLength={2048}
            placeholder="rtsp://10.0.0.7:554/stream1"
            value={url}
            onChange={setURL}
          />
          <div className="form-row">
            <TextField label={t("user")} value={username} onChange={setUsername} />
            <TextField
              label={t("password")}
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={setPassword}
            />
          </div>
          <small>{t("password.keep")}</small>
          <div className="form-row">
            <SelectField
              label={t("transport")}
              value={transport}
              onChange={setTransport}
              options={[
                { value: "tcp", label: t("t.tcp") },
                { value: "udp", label: t("t.udp") },
              ]}
            />
            <RotationField value={rotation} onChange={setRotation} />
          </div>
          {moves ? <p className="quiet-text">{t("change.moves")}</p> : null}
          {keeping.error ? <Refusal error={keeping.error} /> : null}
          <div className="actions">
            <Button pending={trying.busy} disabled={url.trim() === ""} onPress={() => void tryIt()}>
              {t("try")}
            </Button>
            <Button submit tone="primary" pending={keeping.busy}>
              {t("change.keep")}
            </Button>
          </div>
        </form>
      </Panel>
      <Panel title={t("result")}>
        <div aria-live="polite">
          {trying.busy ? <p>{t("trying")}</p> : null}
          {trying.error ? <Refusal error={trying.error} /> : null}
          {report ? <TestReport report={report} /> : null}
          {!trying.busy && !trying.error && !report ? <p className="quiet-text">{t("change.test")}</p> : null}
        </div>
      </Panel>
    </div>
  );
}
