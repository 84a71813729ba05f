import { Link, Route, Routes } from "react-router";
import { useRenew } from "../api/all";
import { api, type Camera, client, type Schemas } from "../api/client";
import { Decide } from "../duties/decide";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Button, LinkButton } from "../kit/button";
import { ConfirmButton } from "../kit/dialog";
import { Loaded } from "../kit/loaded";
import { Chip, PageHead, Panel } from "../kit/page";
import { useSending } from "../kit/sending";
import { DataTable } from "../kit/table";
import { useToast } from "../kit/toast";
import { Empty, useNow } from "../ui/parts";
import { AddCamera } from "./cameraadd";
import { ChangeCamera } from "./camerachange";
import { cameraTexts } from "./cameratexts";
import { Confined } from "./confined";

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
      <Route path=":id" element={<ChangeCamera />} />
    </Routes>
  );
}

function List() {
  const t = useTexts(cameraTexts);
  const kept = api.useQuery("get", "/v1/admin/cameras", {}, { refetchInterval: 10_000 });
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
  paused: "muted",
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
      rowKey={(r) => r.kept.id}
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
          cell: ({ kept }) => <Actions kept={kept} />,
        },
      ]}
    />
  );
}

function State({ kept, live }: Row) {
  const t = useTexts(cameraTexts);
  const w = useWords();
  const now = useNow();
  if (kept.pause)
    return (
      <>
        <Chip tone="muted">{t("s.paused")}</Chip>
        <small>{t("pause.by", { who: kept.pause.by, when: w.moment(kept.pause.at) })}</small>
        <small>{kept.pause.reason}</small>
      </>
    );
  if (!kept.running) return <Chip tone="bad">{t("s.stuck")}</Chip>;
  if (!live) return null;
  const wait = live.next_try ? Math.ceil((Date.parse(live.next_try) - now) / 1000) : 0;
  return (
    <>
      <Chip tone={tones[live.state]}>{t(`s.${live.state}`)}</Chip>
      {live.state !== "connected" && live.err_code ? (
        <small>{w.code("err", live.err_code, live.err)}</small>
      ) : null}
      {live.state === "retrying" ? (
        <small>{wait > 0 ? t("again", { s: wait }) : t("again.now")}</small>
      ) : null}
      {live.confined === "partial" || live.confined === "none" ? (
        <small>
          <Link to="/admin/health">
            <Confined of={live} />
          </Link>
        </small>
      ) : null}
    </>
  );
}

function Actions({ kept }: { kept: Schemas["AdminCamera"] }) {
  const t = useTexts(cameraTexts);
  return (
    <div className="actions">
      {kept.origin === "interface" ? (
        <LinkButton small to={kept.id}>
          {t("change")}
        </LinkButton>
      ) : null}
      {kept.pause ? <Resume id={kept.id} /> : <Pause id={kept.id} />}
      {kept.origin === "interface" ? <Remove id={kept.id} /> : null}
    </div>
  );
}

function Pause({ id }: { id: string }) {
  const t = useTexts(cameraTexts);
  const w = useWords();
  const renew = useRenew();
  return (
    <Decide
      small
      label={t("pause")}
      title={w.pair(t("pause"), id)}
      text={t("pause.text")}
      said={t("paused")}
      run={async (reason) => {
        await client.POST("/v1/admin/cameras/{id}/pause", { params: { path: { id } }, body: { reason } });
        await renew("/v1/admin/cameras", "/v1/cameras");
      }}
    />
  );
}

function Resume({ id }: { id: string }) {
  const t = useTexts(cameraTexts);
  const renew = useRenew();
  const say = useToast();
  const { busy, send } = useSending();
  return (
    <Button
      small
      tone="primary"
      pending={busy}
      onPress={() =>
        void send(async () => {
          await client.POST("/v1/admin/cameras/{id}/resume", { params: { path: { id } } });
          await renew("/v1/admin/cameras", "/v1/cameras");
          say(t("resumed"));
        })
      }
    >
      {t("resume")}
    </Button>
  );
}

function Remove({ id }: { id: string }) {
  const w = useWords();
  const t = useTexts(cameraTexts);
  const renew = useRenew();
  const say = useToast();
  return (
    <ConfirmButton
      small
      tone="danger"
      label={t("remove")}
      title={w.pair(t("remove"), id)}
      text={t("remove.ask")}
      run={async () => {
        await client.DELETE("/v1/admin/cameras/{id}", { params: { path: { id } } });
        await renew("/v1/admin/cameras", "/v1/cameras");
        say(t("removed"));
      }}
    />
  );
}
