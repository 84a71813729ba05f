import { Route, Routes } from "react-router";
import { useRenew } from "../api/all";
import { api, type Camera, client, type Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { LinkButton } from "../kit/button";
import { ConfirmButton } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { DataTable } from "../kit/table";
import { useToast } from "../kit/toast";
import { Icon } from "../ui/icons";
import { Empty } from "../ui/parts";
import { AddCamera } from "./cameraadd";
import { cameraTexts } from "./cameratexts";

/** A camera as it is kept, with how it runs where it does. */
interface Row {
  kept: Schemas["AdminCamera"];
  live: Camera | undefined;
}

export default function Cameras() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<AddCamera />} />
    </Routes>
  );
}

function List() {
  const t = useTexts(cameraTexts);
  const kept = api.useQuery("get", "/v1/admin/cameras");
  const live = api.useQuery("get", "/v1/cameras", {}, { refetchInterval: 3000 });
  return (
    <>
      <PageHead
        title={t("title")}
        lead={t("lead")}
        actions={
          <LinkButton tone="primary" to="new">
            {t("add")}
          </LinkButton>
        }
      />
      {kept.data?.restart ? (
        <div className="note warn" role="status">
          <Icon name="refresh" />
          <div>
            <strong>{t("restart")}</strong> {t("restart.text")}
          </div>
        </div>
      ) : null}
      <Panel title={t("list")}>
        <Loaded
          query={kept}
          isEmpty={(d) => d.cameras.length === 0}
          empty={
            <Empty icon="camera" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(d) => (
            <Table
              rows={d.cameras.map((c) => ({
                kept: c,
                live: live.data?.cameras.find((x) => x.id === c.id),
              }))}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}

const tones: Readonly<Record<Camera["state"], "good" | "warn" | "bad" | "muted">> = {
  starting: "warn",
  connecting: "warn",
  connected: "good",
  retrying: "bad",
  ended: "muted",
  failed: "bad",
  closed: "muted",
};

function Table({ rows }: { rows: readonly Row[] }) {
  const t = useTexts(cameraTexts);
  const w = useWords();
  return (
    <DataTable<Row>
      caption={t("title")}
      rows={rows}
      rowKey={(r) => `${r.kept.id} ${r.kept.leaving}`}
      columns={[
        {
          key: "name",
          title: t("name"),
          cell: ({ kept, live }) => (
            <>
              {live?.name ?? kept.name}
              <small>
                <code>{kept.id}</code>
              </small>
            </>
          ),
          sort: (a, b) => a.kept.id.localeCompare(b.kept.id),
        },
        { key: "state", title: t("state"), cell: (r) => <State {...r} /> },
        {
          key: "picture",
          title: t("picture"),
          cell: ({ live }) =>
            live && live.width > 0
              ? `${live.codec ?? ""} ${live.width} × ${live.height}, ${w.decimal(live.fps)}/s`
              : "–",
        },
        {
          key: "mask",
          title: t("mask"),
          cell: ({ live }) =>
            live?.state !== "connected" ? (
              "–"
            ) : live.mask.state === "full" ? (
              <Chip tone="warn">{t("m.full")}</Chip>
            ) : (
              t("m.masked")
            ),
        },
        {
          key: "losses",
          title: t("losses"),
          cell: ({ live }) => (live ? t("losses_text", { n: live.reconnects, m: live.dropped }) : "–"),
        },
        { key: "origin", title: t("origin"), cell: ({ kept }) => t(`o.${kept.origin}`) },
        {
          key: "do",
          title: t("do"),
          cell: ({ kept }) => (kept.origin === "interface" && !kept.leaving ? <Remove id={kept.id} /> : null),
        },
      ]}
    />
  );
}

function State({ kept, live }: Row) {
  const t = useTexts(cameraTexts);
  const w = useWords();
  if (!kept.running) return <Chip tone="warn">{t("s.waits")}</Chip>;
  return (
    <>
      {kept.leaving ? <Chip tone="warn">{t("s.leaving")}</Chip> : null}{" "}
      {live ? (
        <>
          <Chip tone={tones[live.state]}>{t(`s.${live.state}`)}</Chip>
          {live.state !== "connected" && live.err_code ? (
            <small>{w.code("err", live.err_code, live.err)}</small>
          ) : null}
        </>
      ) : null}
    </>
  );
}

function Remove({ id }: { id: string }) {
  const t = useTexts(cameraTexts);
  const renew = useRenew();
  const say = useToast();
  return (
    <ConfirmButton
      small
      tone="danger"
      label={t("remove")}
      title={`${t("remove")}: ${id}`}
      text={t("remove.ask")}
      run={async () => {
        await client.DELETE("/v1/admin/cameras/{id}", { params: { path: { id } } });
        await renew("/v1/admin/cameras");
        say(t("removed"));
      }}
    />
  );
}
