import { useState } from "react";
import { Link, Route, Routes } from "react-router";
import { useAll, useRenew } from "../../api/all";
import { client } from "../../api/client";
import { Decide } from "../../duties/decide";
import { nameTexts } from "../../duties/names";
import { useTexts } from "../../i18n/texts";
import { CheckField, SelectField, TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { Chip, PageHead, Panel } from "../../kit/page";
import { DataTable } from "../../kit/table";
import { Due, Moment } from "../../kit/time";
import { Empty, useNow } from "../../ui/parts";
import { type Incident, nextClock } from "./clocks";
import { One } from "./one";
import { incidentTexts } from "./texts";

export const stateTone = { open: "bad", contained: "warn", reported: "warn", closed: "good" } as const;

export default function Incidents() {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path=":id" element={<One />} />
    </Routes>
  );
}

function List() {
  const t = useTexts(incidentTexts);
  const names = useTexts(nameTexts);
  const now = useNow();
  const list = useAll("/v1/incidents");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={<Open />} />
      <Panel title={t("list")}>
        <Loaded
          query={list}
          empty={
            <Empty icon="check" title={t("none")}>
              {t("none.text")}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable<Incident>
              caption={t("title")}
              rows={rows.toSorted(
                (a, b) =>
                  Number(a.state === "closed") - Number(b.state === "closed") ||
                  b.found_at.localeCompare(a.found_at),
              )}
              rowKey={(i) => i.id}
              columns={[
                {
                  key: "class",
                  title: t("class"),
                  cell: (i) => (
                    <>
                      <Link to={i.id}>{names.code("class", i.class)}</Link>{" "}
                      {i.drill ? <Chip>{t("drill.tag")}</Chip> : null}
                    </>
                  ),
                },
                {
                  key: "state",
                  title: t("state"),
                  cell: (i) => <Chip tone={stateTone[i.state]}>{t(`st.${i.state}`)}</Chip>,
                },
                {
                  key: "next",
                  title: t("next"),
                  cell: (i) => {
                    const c = nextClock(i, now);
                    return c ? (
                      <>
                        {t(`c.${c.name}`)} <Due at={c.due} soon={0.05} />
                      </>
                    ) : (
                      "–"
                    );
                  },
                },
                {
                  key: "found",
                  title: t("found"),
                  cell: (i) => <Moment at={i.found_at} />,
                  sort: (a, b) => a.found_at.localeCompare(b.found_at),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}

const classes = ["personal_data_breach", "security", "availability", "misuse", "other"] as const;

function Open() {
  const t = useTexts(incidentTexts);
  const names = useTexts(nameTexts);
  const renew = useRenew();
  const [kind, setKind] = useState<(typeof classes)[number] | "">("");
  const [drill, setDrill] = useState(false);
  const [found, setFound] = useState("");
  return (
    <Decide
      tone="primary"
      label={t("open")}
      title={t("open")}
      text={t("open.ask")}
      said={t("opened")}
      run={async (reason) => {
        if (kind === "") return;
        await client.POST("/v1/incidents", {
          body: {
            class: kind,
            drill,
            reason,
            ...(found ? { found_at: new Date(found).toISOString() } : {}),
          },
        });
        await renew("/v1/incidents");
      }}
    >
      <SelectField
        label={t("class")}
        required
        value={kind}
        onChange={setKind}
        options={classes.map((c) => ({ value: c, label: names(`class.${c}`) }))}
      />
      <TextField
        label={t("found")}
        hint={t("found.hint")}
        type="datetime-local"
        value={found}
        onChange={setFound}
      />
      <CheckField label={t("drill")} value={drill} onChange={setDrill} />
    </Decide>
  );
}
