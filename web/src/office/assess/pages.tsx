import { Link, Route, Routes } from "react-router";
import { useAll } from "../../api/all";
import type { Schemas } from "../../api/client";
import { nameTexts } from "../../duties/names";
import { Account } from "../../duties/who";
import { useTexts } from "../../i18n/texts";
import { LinkButton } from "../../kit/button";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due, Moment } from "../../kit/time";
import { Empty, useNow } from "../../ui/parts";
import { Write } from "./form";
import { One } from "./one";
import { standing, toneOf } from "./state";
import { assessTexts } from "./texts";

export default function Assessments() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<Write />} />
      <Route path=":id" element={<One />} />
      <Route path=":id/edit" element={<Write />} />
    </Routes>
  );
}

function List() {
  const t = useTexts(assessTexts);
  const names = useTexts(nameTexts);
  const now = useNow();
  const list = useAll("/v1/assessments");
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
          query={list}
          empty={
            <Empty icon="info" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable<Schemas["ZonesAssessment"]>
              caption={t("lead")}
              rows={rows}
              rowKey={(a) => a.id}
              columns={[
                {
                  key: "scene",
                  title: t("scene"),
                  cell: (a) => <Link to={a.id}>{a.scene}</Link>,
                  sort: (a, b) => a.scene.localeCompare(b.scene),
                },
                {
                  key: "state",
                  title: t("state"),
                  cell: (a) => {
                    const s = standing(a, now);
                    return <Chip tone={toneOf[s]}>{t(`st.${s}`)}</Chip>;
                  },
                },
                { key: "outcome", title: t("outcome"), cell: (a) => names.code("outcome", a.outcome) },
                { key: "author", title: t("author"), cell: (a) => <Account id={a.assessor} /> },
                {
                  key: "until",
                  title: t("until"),
                  cell: (a) => <Due at={a.valid_until} soon={30} done={!a.approved} />,
                  sort: (a, b) => a.valid_until.localeCompare(b.valid_until),
                },
                {
                  key: "at",
                  title: t("at"),
                  cell: (a) => <Moment at={a.at} />,
                  sort: (a, b) => a.at.localeCompare(b.at),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}
