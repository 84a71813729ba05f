import { Link, Route, Routes } from "react-router";
import { api } from "../../api/client";
import { Account } from "../../duties/who";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Moment } from "../../kit/time";
import { Empty } from "../../ui/parts";
import { byVersion, type Notice } from "./fields";
import { One } from "./one";
import { noticeTexts } from "./texts";
import { Write } from "./write";

export default function Notices() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<Write />} />
      <Route path=":version" element={<One />} />
    </Routes>
  );
}

function List() {
  const t = useTexts(noticeTexts);
  const all = api.useQuery("get", "/v1/notices");
  return (
    <>
      <PageHead
        title={t("title")}
        lead={t("lead")}
        actions={
          <LinkButton tone="primary" to="new">
            {t("new")}
          </LinkButton>
        }
      />
      <Panel title={t("title")}>
        <Loaded
          query={all}
          isEmpty={(d) => d.notices.length === 0}
          empty={
            <Empty icon="info" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(d) => (
            <DataTable<Notice[]>
              caption={t("lead")}
              rows={byVersion(d.notices)}
              rowKey={(n) => n[0]?.version ?? ""}
              columns={[
                {
                  key: "version",
                  title: t("version"),
                  cell: ([n]) => (n ? <Link to={n.version}>{n.version}</Link> : null),
                },
                {
                  key: "state",
                  title: t("state"),
                  cell: ([n]) => (
                    <Chip tone={n?.state === "published" ? "good" : "warn"}>
                      {n?.state === "published" ? t("st.published") : t("st.draft")}
                    </Chip>
                  ),
                },
                { key: "scenes", title: t("scenes"), cell: ([n]) => (n?.scenes ?? []).join(", ") },
                { key: "author", title: t("author"), cell: ([n]) => <Account id={n?.author} /> },
                { key: "effective", title: t("effective"), cell: ([n]) => <Moment at={n?.effective_from} /> },
                { key: "revisions", title: t("revisions"), number: true, cell: (n) => n.length },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}
