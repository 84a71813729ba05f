import { useState } from "react";
import { Link, Route, Routes } from "react-router";
import { api, type Schemas } from "../../api/client";
import { nameTexts } from "../../duties/names";
import { useTexts } from "../../i18n/texts";
import { SelectField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due, Moment } from "../../kit/time";
import { Empty } from "../../ui/parts";
import { types } from "./life";
import { One } from "./one";
import { rightsTexts } from "./texts";

type Status = Schemas["RightsStatus"];

export default function Rights() {
  return (
    <Routes>
      <Route index element={<Queue />} />
      <Route path=":id" element={<One />} />
    </Routes>
  );
}

export const stateTone = {
  received: "warn",
  identity_verified: "warn",
  in_progress: "warn",
  appealed: "warn",
  fulfilled: "good",
  refused: "muted",
} as const;

function Queue() {
  const t = useTexts(rightsTexts);
  const names = useTexts(nameTexts);
  const [open, setOpen] = useState(true);
  const [type, setType] = useState("-");
  const query = { limit: 200, ...(open ? { open: true } : {}), ...(type === "-" ? {} : { type }) };
  const list = api.useQuery("get", "/v1/rights/requests", { params: { query } }, { refetchInterval: 30_000 });
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <div className="toolbar">
        <fieldset className="segments" aria-label={t("show")}>
          <button type="button" aria-pressed={open} onClick={() => setOpen(true)}>
            {t("show.open")}
          </button>
          <button type="button" aria-pressed={!open} onClick={() => setOpen(false)}>
            {t("show.all")}
          </button>
        </fieldset>
        <SelectField
          label={t("type")}
          value={type}
          onChange={setType}
          options={[
            { value: "-", label: t("show.all") },
            ...types.map((x) => ({ value: x, label: names(`type.${x}`) })),
          ]}
        />
      </div>
      <Panel title={t("title")}>
        <Loaded
          query={list}
          isEmpty={(d) => d.requests.length === 0}
          empty={
            <Empty icon="check" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(d) => (
            <DataTable<Status>
              caption={t("lead")}
              rows={d.requests.toSorted((a, b) => a.deadline.localeCompare(b.deadline))}
              rowKey={(r) => r.request_id}
              columns={[
                {
                  key: "type",
                  title: t("type"),
                  cell: (r) => (
                    <Link to={r.request_id}>
                      {names.code("type", r.type)} <code>{r.request_id.slice(-6)}</code>
                    </Link>
                  ),
                  sort: (a, b) => a.type.localeCompare(b.type),
                },
                {
                  key: "state",
                  title: t("state"),
                  cell: (r) => <Chip tone={stateTone[r.state]}>{t(`st.${r.state}`)}</Chip>,
                  sort: (a, b) => a.state.localeCompare(b.state),
                },
                {
                  key: "deadline",
                  title: t("deadline"),
                  cell: (r) => (
                    <Due at={r.deadline} done={r.state === "fulfilled" || r.state === "refused"} />
                  ),
                  sort: (a, b) => a.deadline.localeCompare(b.deadline),
                },
                {
                  key: "ack",
                  title: t("acknowledged"),
                  cell: (r) =>
                    r.acknowledged ? <Moment at={r.acknowledged} /> : <Chip tone="warn">{t("ack.no")}</Chip>,
                },
                {
                  key: "received",
                  title: t("received"),
                  cell: (r) => <Moment at={r.received} />,
                  sort: (a, b) => a.received.localeCompare(b.received),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}
